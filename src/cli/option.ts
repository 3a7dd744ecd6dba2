import { Failure } from "../kit/failures.ts";

/**
 * One option of a command, without the parser library: how it is written, what it means, and how the texts given
 * for it become a value. `take` is called once for each time the option was given, in order.
 */
export interface Option<Value> {
  /** As in help: `-r, --repo <url>`. Without `<...>` it is a switch. */
  readonly flags: string;
  readonly help: string;
  readonly heading?: string;
  readonly hidden?: boolean;
  readonly choices?: readonly string[];
  /** What completion offers for the value. */
  readonly complete?: "file" | "folder";
  readonly initial: Value;
  readonly take: (text: string, before: Value) => Value;
}

// biome-ignore lint/suspicious/noExplicitAny: a table of options holds options of any value; Values gives each its type back
export type Options = Readonly<Record<string, Option<any>>>;
export type Values<Table extends Options> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};

/** How often and with which texts each option was given; a switch counts as the text `true`. */
export type Given = Readonly<Record<string, readonly string[]>>;

interface Extras {
  readonly hidden?: boolean;
  readonly complete?: "file" | "folder";
}

/** On when given. */
export function toggle(flags: string, help: string, extras: Extras = {}): Option<boolean> {
  return { flags, help, ...extras, initial: false, take: () => true };
}

/** One text; given twice, the last counts. */
export function text(flags: string, help: string, extras: Extras = {}): Option<string | undefined> {
  return { flags, help, ...extras, initial: undefined, take: (given) => notEmpty(flags, given) };
}

/** A text that is read by `parse`; what `parse` refuses is named with the option. */
export function parsed<Value>(flags: string, help: string, parse: (text: string) => Value): Option<Value | undefined> {
  return { flags, help, initial: undefined, take: (given) => reading(flags, () => parse(given)) };
}

/** May be given many times. */
export function list<Item>(
  flags: string,
  help: string,
  parse: (text: string) => Item,
  extras: Extras = {},
): Option<readonly Item[]> {
  return {
    flags,
    help,
    ...extras,
    initial: [],
    take: (given, before) => [...before, reading(flags, () => parse(given))],
  };
}

/** A whole number within bounds. */
export function whole(
  flags: string,
  help: string,
  { min, max }: { readonly min: number; readonly max: number },
): Option<number | undefined> {
  return parsed(flags, help, (given) => {
    const number = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new Failure("usage", `${JSON.stringify(given)} is not a whole number from ${min} to ${max}`);
  });
}

/** One of a few words. */
export function oneOf<const Word extends string>(
  flags: string,
  help: string,
  words: readonly [Word, ...Word[]],
): Option<Word | undefined> {
  const option = parsed(flags, help, (given) => {
    const word = words.find((candidate) => candidate === given);
    if (word !== undefined) return word;
    throw new Failure("usage", `${JSON.stringify(given)} is none of: ${words.join(", ")}`);
  });
  return { ...option, choices: words };
}

/** The same options under a heading of their own in help. */
export function underHeading<Table extends Options>(heading: string, table: Table): Table {
  const headed = Object.entries(table).map(([name, option]) => [name, { ...option, heading }]);
  return Object.fromEntries(headed) as Table;
}

/** The values of a table of options. Throws `usage` naming the option. */
export function readValues<Table extends Options>(table: Table, given: Given): Values<Table> {
  const entries = Object.entries(table).map(([name, option]) => {
    const texts = given[name] ?? [];
    return [name, texts.reduce((before: unknown, next) => option.take(next, before), option.initial)];
  });
  return Object.fromEntries(entries) as Values<Table>;
}

/** `--repo` of `-r, --repo <url>`. */
export function longName(flags: string): string {
  return /--[a-z0-9-]+/.exec(flags)?.[0] ?? flags;
}

function notEmpty(flags: string, given: string): string {
  if (given !== "") return given;
  throw new Failure("usage", `${longName(flags)} needs a value, not an empty text`);
}

function reading<Value>(flags: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!Failure.is(error, "usage")) throw error;
    throw new Failure("usage", `${longName(flags)}: ${error.message}`, { hint: error.hint ?? "", cause: error.cause });
  }
}
