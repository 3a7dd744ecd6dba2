import { pathOf } from "../../api/mistake.ts";
import { Failure } from "../../kit/failures.ts";
import { evaluate, type Lookup } from "./evaluate.ts";
import { type Operation, parseTemplate, type Template } from "./expression.ts";

/** name -> value. Absent and empty differ: a default stands in for an absent one only. */
export type Variables = ReadonlyMap<string, string>;

/**
 * `tree` with every text in it expanded; fields' names and what is no text stay. Stash does this on JSON text, where a
 * quote in a value breaks the object or adds fields to it. Throws `configuration-invalid`, which says where in `what`.
 */
export function substitute<T>(tree: T, variables: Variables, what: string): T {
  const lookup: Lookup = (name) => variables.get(name);
  return mapTexts(tree, [], (text, path) => locating(what, path, () => evaluate(parseTemplate(text), lookup))) as T;
}

/** The variables that the texts of `tree` look at. */
export function variablesOf(tree: unknown, what: string): ReadonlySet<string> {
  const names = new Set<string>();
  mapTexts(tree, [], (text, path) => {
    for (const name of namesIn(locating(what, path, () => parseTemplate(text)))) names.add(name);
    return text;
  });
  return names;
}

type Path = readonly PropertyKey[];

function mapTexts(value: unknown, path: Path, change: (text: string, path: Path) => string): unknown {
  if (typeof value === "string") return change(value, path);
  if (Array.isArray(value)) return value.map((each, index) => mapTexts(each, [...path, index], change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, mapTexts(inner, [...path, name], change)]),
  );
}

function locating<T>(what: string, path: Path, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!Failure.is(error)) throw error;
    const { hint } = error;
    throw new Failure(error.code, `${what}: ${pathOf(path)}: ${error.message}`, hint === undefined ? {} : { hint });
  }
}

function namesIn(template: Template): readonly string[] {
  return template.flatMap((part) =>
    typeof part === "string" ? [] : [part.name, ...templatesOf(part.operation).flatMap(namesIn)],
  );
}

function templatesOf(operation: Operation): readonly Template[] {
  switch (operation.kind) {
    case "default":
      return [operation.text];
    case "slice":
      return [operation.from, operation.length ?? []];
    case "strip":
      return [operation.pattern];
    case "replace":
      return [operation.old, operation.by];
    default:
      return [];
  }
}
