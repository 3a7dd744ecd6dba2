import { Failure } from "../../kit/failures.ts";

/** A text of a Task or Function, taken apart: plain text, and the variables in it with what is to be done to them. */
export type Template = readonly (string | Expression)[];

export interface Expression {
  readonly name: string;
  readonly operation: Operation;
}

export type Operation =
  | { readonly kind: "value" }
  | { readonly kind: "length" }
  /** Only for a variable that is absent; a present one may be empty. */
  | { readonly kind: "default"; readonly text: Template }
  | { readonly kind: "slice"; readonly from: Template; readonly length: Template | undefined }
  | { readonly kind: "strip"; readonly end: "prefix" | "suffix"; readonly longest: boolean; readonly pattern: Template }
  | { readonly kind: "replace"; readonly which: ReplaceWhich; readonly old: Template; readonly by: Template }
  | { readonly kind: "case"; readonly to: "upper" | "lower"; readonly all: boolean };

export type ReplaceWhich = "first" | "all" | "prefix" | "suffix";

interface Reader {
  readonly text: string;
  at: number;
}

/** Throws `configuration-invalid` for what looks like a variable and is none. */
export function parseTemplate(text: string): Template {
  return readTemplate({ text, at: 0 }, "");
}

/** Up to one of `ends` (not taken), or to the end of the text when there are none. */
function readTemplate(reader: Reader, ends: string): Template {
  const parts: (string | Expression)[] = [];
  let plain = "";
  while (reader.at < reader.text.length && !ends.includes(reader.text[reader.at] ?? "")) {
    if (take(reader, "$${")) plain += "${";
    else if (take(reader, "${")) {
      parts.push(plain, readExpression(reader));
      plain = "";
    } else {
      // Within an expression a slash or brace can be written with a backslash before it.
      if (ends !== "" && /^\\[/}\\]/.test(reader.text.slice(reader.at, reader.at + 2))) reader.at += 1;
      plain += reader.text[reader.at];
      reader.at += 1;
    }
  }
  return [...parts, plain].filter((part) => part !== "");
}

/** From behind `${` to behind `}`. */
function readExpression(reader: Reader): Expression {
  const start = reader.at - 2;
  const isLength = take(reader, "#");
  const [name = ""] = /^[A-Za-z0-9_]*/.exec(reader.text.slice(reader.at)) ?? [];
  reader.at += name.length;
  const operation: Operation | undefined = isLength ? { kind: "length" } : readOperation(reader);
  if (name === "" || operation === undefined || !take(reader, "}")) {
    const shown = JSON.stringify(reader.text.slice(start, start + 40));
    throw new Failure("configuration-invalid", `${shown} is no variable`, {
      hint: `variables look like \${NAME} or \${NAME:=default}; $\${ stands for a plain \${`,
    });
  }
  return { name, operation };
}

/** The first that fits: longer operators stand before those they begin with. */
const operators: readonly (readonly [string, (reader: Reader) => Operation])[] = [
  [":=", readDefault],
  [":-", readDefault],
  ["=", readDefault],
  // Stash takes these two and does nothing but look the variable up.
  [":?", ignoreText],
  [":+", ignoreText],
  [":", readSlice],
  ["##", (reader) => readStrip(reader, "prefix", true)],
  ["#", (reader) => readStrip(reader, "prefix", false)],
  ["%%", (reader) => readStrip(reader, "suffix", true)],
  ["%", (reader) => readStrip(reader, "suffix", false)],
  ["//", (reader) => readReplace(reader, "all")],
  ["/#", (reader) => readReplace(reader, "prefix")],
  ["/%", (reader) => readReplace(reader, "suffix")],
  ["/", (reader) => readReplace(reader, "first")],
  ["^^", () => ({ kind: "case", to: "upper", all: true })],
  ["^", () => ({ kind: "case", to: "upper", all: false })],
  [",,", () => ({ kind: "case", to: "lower", all: true })],
  [",", () => ({ kind: "case", to: "lower", all: false })],
];

function readOperation(reader: Reader): Operation | undefined {
  if (reader.text[reader.at] === "}") return { kind: "value" };
  return operators.find(([operator]) => take(reader, operator))?.[1](reader);
}

function readDefault(reader: Reader): Operation {
  return { kind: "default", text: readTemplate(reader, "}") };
}

function ignoreText(reader: Reader): Operation {
  readTemplate(reader, "}");
  return { kind: "value" };
}

function readSlice(reader: Reader): Operation {
  const from = readTemplate(reader, ":}");
  return { kind: "slice", from, length: take(reader, ":") ? readTemplate(reader, "}") : undefined };
}

function readStrip(reader: Reader, end: "prefix" | "suffix", longest: boolean): Operation {
  return { kind: "strip", end, longest, pattern: readTemplate(reader, "}") };
}

function readReplace(reader: Reader, which: ReplaceWhich): Operation {
  const old = readTemplate(reader, "/}");
  return { kind: "replace", which, old, by: take(reader, "/") ? readTemplate(reader, "}") : [] };
}

function take(reader: Reader, what: string): boolean {
  const isThere = reader.text.startsWith(what, reader.at);
  if (isThere) reader.at += what.length;
  return isThere;
}
