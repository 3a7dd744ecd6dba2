import { Failure } from "../../kit/failures.ts";
import type { Expression, Operation, ReplaceWhich, Template } from "./expression.ts";
import { hasMatch } from "./pattern.ts";

export type Lookup = (name: string) => string | undefined;

/** The text with values in place. What a value holds is not looked at again. Throws `configuration-invalid`. */
export function evaluate(template: Template, lookup: Lookup): string {
  return template.map((part) => (typeof part === "string" ? part : evaluateOne(part, lookup))).join("");
}

function evaluateOne({ name, operation }: Expression, lookup: Lookup): string {
  const value = lookup(name);
  if (value !== undefined) return apply(operation, value, (template) => evaluate(template, lookup));
  if (operation.kind === "default") return evaluate(operation.text, lookup);
  throw new Failure("configuration-invalid", `the variable ${name} is not set`, {
    hint: `give the param ${name}, or write \${${name}:=default} in the Function`,
  });
}

function apply(operation: Operation, value: string, text: (template: Template) => string): string {
  switch (operation.kind) {
    case "value":
    case "default":
      return value;
    case "length":
      return String([...value].length);
    case "slice":
      return slice(value, text(operation.from), operation.length && text(operation.length));
    case "strip":
      return strip(value, text(operation.pattern), operation);
    case "replace":
      return replace(value, operation.which, [text(operation.old), text(operation.by)]);
    case "case":
      return changeCase(value, operation);
    default:
      throw new Error(`unknown operation ${operation satisfies never}`);
  }
}

/** As in shells: a position below 0 counts from the end. What is no number leaves the value as it is. */
function slice(value: string, from: string, length: string | undefined): string {
  const letters = [...value];
  const [start, count] = [toInteger(from), length === undefined ? letters.length : toInteger(length)];
  if (start === undefined || count === undefined) return value;
  const first = start < 0 ? Math.max(0, letters.length + start) : start;
  return letters.slice(first, first + Math.max(0, count)).join("");
}

function toInteger(text: string): number | undefined {
  return /^[-+]?[0-9]+$/.test(text.trim()) ? Number(text) : undefined;
}

interface Strip {
  readonly end: "prefix" | "suffix";
  readonly longest: boolean;
}

function strip(value: string, pattern: string, { end, longest }: Strip): string {
  const letters = [...value];
  const isMatch = hasMatch(pattern);
  const lengths = Array.from({ length: letters.length + 1 }, (_, length) => length);
  if (longest) lengths.reverse();
  const cut = (length: number) => (end === "prefix" ? length : letters.length - length);
  const found = lengths.find((length) => {
    const [before, after] = [letters.slice(0, cut(length)), letters.slice(cut(length))];
    return isMatch((end === "prefix" ? before : after).join(""));
  });
  if (found === undefined) return value;
  return (end === "prefix" ? letters.slice(cut(found)) : letters.slice(0, cut(found))).join("");
}

function replace(value: string, which: ReplaceWhich, [old, by]: readonly [string, string]): string {
  if (old === "") return value;
  switch (which) {
    case "first":
      return value.replace(old, () => by);
    case "all":
      return value.replaceAll(old, () => by);
    case "prefix":
      return value.startsWith(old) ? by + value.slice(old.length) : value;
    case "suffix":
      return value.endsWith(old) ? value.slice(0, -old.length) + by : value;
    default:
      throw new Error(`unknown replacement ${which satisfies never}`);
  }
}

function changeCase(value: string, { to, all }: { readonly to: "upper" | "lower"; readonly all: boolean }): string {
  const [first = "", ...rest] = value;
  const [head, tail] = all ? [value, ""] : [first, rest.join("")];
  return (to === "upper" ? head.toUpperCase() : head.toLowerCase()) + tail;
}
