import { Failure } from "../kit/failures.ts";
import { parseBytes } from "../kit/quantities.ts";
import { isGoDuration, parseGoDuration } from "./duration.ts";

/** One flag of a program that Jobs run: how a text becomes its value, and what the catalogue's Functions write for it. */
export interface TaskFlag<Value = unknown> {
  readonly description: string;
  /** What Functions write behind the `=`, variables and all. Absent: Functions do not give it. */
  readonly from?: string;
  /** Throws with the rest of the sentence "--flag ...". Not called for an empty text. */
  readonly read: (text: string) => Value;
  /** When it is not given, or empty. `required`: that is a mistake. */
  readonly otherwise: { readonly value: Value } | "required";
}

interface Source {
  readonly from?: string;
}

/** The variable, empty when it is absent: which values a flag has otherwise, programs know and not the catalogue. */
export function variable(name: string): Source {
  return { from: `\${${name}:=}` };
}

export function written(from: string): Source {
  return { from };
}

export function text(description: string, source: Source = {}): TaskFlag<string | undefined> {
  return { description, ...source, read: (given) => given, otherwise: { value: undefined } };
}

/** A text that must be there. */
export function needed(description: string, source: Source = {}): TaskFlag<string> {
  return { description, ...source, read: (given) => given, otherwise: "required" };
}

export function textOr(otherwise: string, description: string, source: Source = {}): TaskFlag<string> {
  return { description, ...source, read: (given) => given, otherwise: { value: otherwise } };
}

export function truth(otherwise: boolean, description: string, source: Source = {}): TaskFlag<boolean> {
  return { description, ...source, read: readTruth, otherwise: { value: otherwise } };
}

export function choice<const Words extends readonly string[]>(
  words: Words,
  description: string,
  source: Source = {},
): TaskFlag<Words[number] | undefined> {
  return { description, ...source, read: (given) => readChoice(words, given), otherwise: { value: undefined } };
}

/** Texts with commas between; blanks around them do not count. */
export function list(description: string, source: Source = {}): TaskFlag<readonly string[]> {
  const read = (given: string) => given.split(",").map((each) => each.trim());
  return {
    description,
    ...source,
    read: (given) => read(given).filter((each) => each !== ""),
    otherwise: { value: [] },
  };
}

/** Texts with blanks between; there are no quotes. */
export function words(description: string, source: Source = {}): TaskFlag<readonly string[]> {
  return {
    description,
    ...source,
    read: (given) => given.split(/\s+/).filter((each) => each !== ""),
    otherwise: { value: [] },
  };
}

/** A whole number from 1 on. */
export function count(description: string, source: Source = {}): TaskFlag<number | undefined> {
  return { description, ...source, read: readCount, otherwise: { value: undefined } };
}

/** Milliseconds. A bare number is seconds, as Stash has it. */
export function duration(otherwise: number, description: string, source: Source = {}): TaskFlag<number> {
  return { description, ...source, read: readDuration, otherwise: { value: otherwise } };
}

export function bytes(description: string, source: Source = {}): TaskFlag<number | undefined> {
  return { description, ...source, read: readSize, otherwise: { value: undefined } };
}

function readTruth(given: string): boolean {
  // What Go's strconv.ParseBool takes: so do Stash's own flags.
  if (/^(1|t|T|true|TRUE|True)$/.test(given)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(given)) return false;
  throw refused("true or false", given);
}

function readChoice<Word extends string>(words: readonly Word[], given: string): Word {
  const found = words.find((word) => word.toLowerCase() === given.toLowerCase());
  if (found === undefined) throw refused(words.join(", ").replace(/, (?=[^,]*$)/, " or "), given);
  return found;
}

function readCount(given: string): number {
  const number = /^[0-9]{1,9}$/.test(given) ? Number(given) : 0;
  if (number < 1) throw refused("a whole number from 1 on", given);
  return number;
}

function readDuration(given: string): number {
  if (/^[0-9]{1,9}$/.test(given)) return Number(given) * 1000;
  if (isGoDuration(given) && !given.startsWith("-")) return parseGoDuration(given);
  throw refused("a duration such as 300 (seconds) or 5m", given);
}

function readSize(given: string): number {
  try {
    return parseBytes(given.replace(/(?<=[KMGT])i$/, "iB"));
  } catch {
    throw refused("a size such as 512MiB or 20Gi", given);
  }
}

function refused(wanted: string, given: string): Failure {
  return new Failure("configuration-invalid", `must be ${wanted}, not ${JSON.stringify(given)}`);
}
