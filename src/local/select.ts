import { at, isObject, type JsonObject } from "./json.ts";
import { labelKeyMistakes, labelValueMistakes } from "./schema/names.ts";

export type Selection = Selector | Refusal;

export interface Selector {
  readonly kind: "selector";
  readonly matches: (object: JsonObject) => boolean;
}

/** The text is no selector. `message` is worded as Kubernetes words it, which answers 400 BadRequest. */
export interface Refusal {
  readonly kind: "refused";
  readonly message: string;
}

type Requirement = (labels: JsonObject) => boolean;

/** What `labelSelector=` takes: `=`, `==`, `!=`, `in`, `notin`, `key`, `!key`, `>` and `<`, joined by commas. "" selects all. */
export function parseLabelSelector(text: string): Selection {
  try {
    const requirements = new Parser(tokensOf(text)).requirements();
    return {
      kind: "selector",
      matches(object) {
        const labels = at(object, "metadata", "labels");
        return requirements.every((requirement) => requirement(isObject(labels) ? labels : {}));
      },
    };
  } catch (error) {
    if (error instanceof Mistake) return { kind: "refused", message: error.message };
    throw error;
  }
}

/** Does not leave this file. */
class Mistake extends Error {}

interface Token {
  readonly kind: "word" | "sign" | "end";
  readonly text: string;
}

const end: Token = { kind: "end", text: "" };

function tokensOf(text: string): readonly Token[] {
  const pieces = text.match(/!=|==|[=!(),<>]|[^=!(),<>\s]+/g) ?? [];
  return [...pieces.map((piece): Token => ({ kind: /^[=!(),<>]/.test(piece) ? "sign" : "word", text: piece })), end];
}

const comparisons = ["in", "notin", "=", "==", "!=", ">", "<"] as const;
type Comparison = (typeof comparisons)[number];

/** Follows apimachinery's labels.Parser step by step, so that it stops at the same place with the same words. */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  requirements(): readonly Requirement[] {
    const found: Requirement[] = [];
    while (this.#next().kind !== "end") {
      if (!this.#startsRequirement()) {
        throw new Mistake(`found '${this.#next().text}', expected: !, identifier, or 'end of string'`);
      }
      found.push(this.#requirement());
      this.#separator();
    }
    return found;
  }

  #separator(): void {
    const token = this.#take();
    if (token.kind === "end") this.#at--;
    else if (token.text !== ",") throw new Mistake(`found '${token.text}', expected: ',' or 'end of string'`);
    else if (!this.#startsRequirement()) {
      throw new Mistake(`found '${this.#next().text}', expected: identifier after ','`);
    }
  }

  #requirement(): Requirement {
    try {
      return this.#parsed();
    } catch (error) {
      throw error instanceof Mistake ? new Mistake(`unable to parse requirement: ${error.message}`) : error;
    }
  }

  #parsed(): Requirement {
    const isAbsent = this.#next().text === "!";
    if (isAbsent) this.#take();
    const { kind, text: key } = this.#take();
    if (kind !== "word") throw new Mistake(`found '${key}', expected: identifier`);
    const mistakes = labelKeyMistakes(key);
    if (mistakes.length > 0) throw new Mistake(invalid("<nil>", key, mistakes.join("; ")));
    if (isAbsent) return (labels) => !Object.hasOwn(labels, key);
    if (this.#endsRequirement()) return (labels) => Object.hasOwn(labels, key);
    const comparison = this.#comparison();
    const values = comparison === "in" || comparison === "notin" ? this.#values() : [this.#value()];
    return compared(key, comparison, values);
  }

  #comparison(): Comparison {
    const { text } = this.#take();
    const found = comparisons.find((each) => each === text);
    if (found === undefined) throw new Mistake(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
    return found;
  }

  #value(): string {
    if (this.#endsRequirement()) return "";
    const { kind, text } = this.#take();
    if (kind !== "word") throw new Mistake(`found '${text}', expected: identifier`);
    return text;
  }

  /** Between the commas there may be nothing, which is the value "". */
  #values(): readonly string[] {
    const open = this.#take();
    if (open.text !== "(") throw new Mistake(`found '${open.text}' expected: '('`);
    if (this.#next().text === ")") {
      this.#take();
      return [""];
    }
    if (this.#next().kind !== "word" && this.#next().text !== ",") {
      throw new Mistake(`found '${this.#next().text}', expected: ',', ')' or identifier`);
    }
    const found = new Set<string>();
    while (this.#next().text !== ")") this.#member(found);
    this.#take();
    return [...found].sort();
  }

  #member(found: Set<string>): void {
    const { kind, text } = this.#take();
    const after = this.#next().text;
    if (kind === "word") {
      found.add(text);
      if (after !== "," && after !== ")") throw new Mistake(`found '${after}', expected: ',' or ')'`);
    } else if (text === ",") {
      if (found.size === 0 || after === ")" || after === ",") found.add("");
    } else throw new Mistake(`found '${text}', expected: ',', or identifier`);
  }

  #next(): Token {
    return this.#tokens[this.#at] ?? end;
  }

  #take(): Token {
    const token = this.#next();
    this.#at++;
    return token;
  }

  #startsRequirement(): boolean {
    return this.#next().kind === "word" || this.#next().text === "!";
  }

  #endsRequirement(): boolean {
    return this.#next().kind === "end" || this.#next().text === ",";
  }
}

function compared(key: string, comparison: Comparison, values: readonly string[]): Requirement {
  const isOrder = comparison === ">" || comparison === "<";
  const mistakes = [
    ...(isOrder ? values.flatMap(orderMistakes) : []),
    ...values.flatMap((value, index) => valueMistakes(`values[${index}][${key}]`, value)),
  ];
  if (mistakes.length > 0) throw new Mistake(mistakes.length === 1 ? mistakes.join() : `[${mistakes.join(", ")}]`);
  if (isOrder) return (labels) => isOrdered(labels[key], comparison, values[0] ?? "");
  const isNegative = comparison === "notin" || comparison === "!=";
  return (labels) => {
    const label = Object.hasOwn(labels, key) ? labels[key] : undefined;
    return (typeof label === "string" && values.includes(label)) !== isNegative;
  };
}

const wholeNumber = /^[+-]?[0-9]+$/;

function orderMistakes(value: string, index: number): readonly string[] {
  if (wholeNumber.test(value)) return [];
  return [invalid(`values[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer")];
}

function valueMistakes(path: string, value: string): readonly string[] {
  const mistakes = labelValueMistakes(value);
  return mistakes.length === 0 ? [] : [invalid(path, value, mistakes.join("; "))];
}

function isOrdered(label: unknown, comparison: ">" | "<", value: string): boolean {
  if (typeof label !== "string" || !wholeNumber.test(label)) return false;
  return comparison === ">" ? BigInt(label) > BigInt(value) : BigInt(label) < BigInt(value);
}

function invalid(path: string, value: string, detail: string): string {
  return `${path}: Invalid value: ${JSON.stringify(value)}: ${detail}`;
}
