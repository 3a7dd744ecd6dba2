import { mistake } from "./template-mistake.ts";

export type Value = string | number | boolean | undefined | { readonly [name: string]: Value };
export type TemplateFunction = (...values: readonly Value[]) => Value;

/** What Go calls false: nothing, zero, and what is empty. */
export function isTruth(value: Value): boolean {
  return typeof value === "object" ? Object.keys(value).length > 0 : Boolean(value);
}

/** As it is printed; what is not there prints nothing. */
export function textOf(value: Value): string {
  return typeof value === "object" ? toJson(value) : String(value ?? "");
}

/** Of Go's and sprig's functions those that messages are made with; the last argument is what a pipe brings. */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  eq: (first, ...others) => others.some((other) => isSame(first, other)),
  ne: (one, other) => !isSame(one, other),
  lt: (one, other) => order(one, other) < 0,
  le: (one, other) => order(one, other) <= 0,
  gt: (one, other) => order(one, other) > 0,
  ge: (one, other) => order(one, other) >= 0,
  and: (...values) => [...values.filter((value) => !isTruth(value)), values.at(-1)][0],
  or: (...values) => [...values.filter(isTruth), values.at(-1)][0],
  not: (value) => !isTruth(value),
  print: (...values) => values.map(textOf).join(""),
  printf: (format, ...values) => printf(textOf(format), values),
  quote: (...values) => values.map((value) => JSON.stringify(textOf(value))).join(" "),
  squote: (...values) => values.map((value) => `'${textOf(value)}'`).join(" "),
  toJson: (value) => toJson(value),
  default: (otherwise, value) => (isTruth(value) ? value : otherwise),
  trim: (value) => textOf(value).trim(),
  upper: (value) => textOf(value).toUpperCase(),
  lower: (value) => textOf(value).toLowerCase(),
  replace: (old, by, value) => textOf(value).replaceAll(textOf(old), () => textOf(by)),
  contains: (part, value) => textOf(value).includes(textOf(part)),
  len: (value) => (typeof value === "object" ? Object.keys(value).length : Buffer.byteLength(textOf(value))),
};

export function functionCalled(name: string): TemplateFunction {
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (found !== undefined) return found;
  throw mistake(`there is no function ${name}`, `there are ${Object.keys(functions).join(", ")}`);
}

function toJson(value: Value): string {
  return JSON.stringify(value ?? null);
}

function isSame(one: Value, other: Value): boolean {
  if (one === undefined || other === undefined) return !isTruth(one) && !isTruth(other);
  return one === other;
}

function order(one: Value, other: Value): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  const [left, right] = [textOf(one), textOf(other)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

const verbs: Readonly<Record<string, (value: Value) => string>> = {
  s: textOf,
  v: textOf,
  t: textOf,
  d: (value) => String(Math.trunc(Number(value ?? 0))),
  f: (value) => Number(value ?? 0).toFixed(6),
  q: (value) => JSON.stringify(textOf(value)),
};

/** Go's: with widths (`%-10s`, `%03d`) and decimals (`%.2f`). */
function printf(format: string, values: readonly Value[]): string {
  const left = [...values];
  return format.replaceAll(/%([-0]*)(\d*)(?:\.(\d+))?(.)/gs, (all, flags: string, width: string, digits, verb) => {
    if (verb === "%") return "%";
    const print = verbs[String(verb)];
    if (print === undefined) throw mistake(`printf: ${all} is not understood`, "there are %s, %v, %d, %f, %t and %q");
    if (left.length === 0) throw mistake(`printf: there is no value for ${all}`);
    const value = left.shift();
    const text = digits !== undefined && verb === "f" ? Number(value ?? 0).toFixed(Number(digits)) : print(value);
    if (flags.includes("-")) return text.padEnd(Number(width));
    return text.padStart(Number(width), flags.includes("0") ? "0" : " ");
  });
}
