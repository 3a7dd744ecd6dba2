import type { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { type DocumentOf, documents } from "./documents.ts";
import { apiVersionOf, isKind, type Kind, kinds } from "./kinds.ts";
import { type Issue, sentenceOf } from "./mistake.ts";

export interface Reading<K extends Kind = Kind> {
  /** With defaults filled in and unknown fields dropped, as an API server would store it. */
  readonly document: DocumentOf<K>;
  /** Paths of the dropped fields: kubectl refuses or warns of them, depending on how it was asked. */
  readonly unknownFields: readonly string[];
}

/** Reads an object of one of our kinds. Throws `configuration-invalid` with one sentence that names the object and the field. */
export function readDocument(value: unknown): Reading {
  return readKind(kindOf(value), value);
}

/** Likewise, for an object that must be of `kind`. */
export function readKind<K extends Kind>(kind: K, value: unknown): Reading<K> {
  const schema: z.ZodType = documents[kind];
  const result = parse(schema, value);
  if (!result.success) throw invalid(nameOf(kind, value), result.error.issues as readonly Issue[]);
  // The schema is that of `kind`; TypeScript cannot see that of a kind it does not know.
  return { document: result.data as DocumentOf<K>, unknownFields: droppedFields(value, result.data) };
}

/** An API server takes a field that is null as one that is not there. Items of lists may not be null. */
function parse(schema: z.ZodType, value: unknown): z.ZodSafeParseResult<unknown> {
  const result = schema.safeParse(value, { reportInput: true });
  const nulls = result.success
    ? []
    : result.error.issues.filter(({ input, path }) => input === null && path.length > 0);
  if (nulls.length === 0) return result;
  const without = nulls.reduce((all, { path }) => withoutField(all, path), value);
  return schema.safeParse(without, { reportInput: true });
}

function withoutField(value: unknown, [name, ...rest]: readonly PropertyKey[]): unknown {
  if (Array.isArray(value)) {
    return rest.length === 0 ? value : value.map((each, at) => (at === name ? withoutField(each, rest) : each));
  }
  if (!isRecord(value) || typeof name !== "string") return value;
  if (rest.length > 0) return { ...value, [name]: withoutField(value[name], rest) };
  return Object.fromEntries(Object.entries(value).filter(([each]) => each !== name));
}

function kindOf(value: unknown): Kind {
  const { kind, apiVersion } = isRecord(value) ? value : {};
  if (!isKind(kind)) {
    const known = `known are ${Object.keys(kinds).join(", ")}`;
    throw new Failure("configuration-invalid", `reading an object: its kind is ${shown(kind)}`, { hint: known });
  }
  if (apiVersion !== apiVersionOf(kind)) {
    const wanted = apiVersionOf(kind);
    throw new Failure(
      "configuration-invalid",
      `${nameOf(kind, value)}: apiVersion must be ${wanted}, not ${shown(apiVersion)}`,
    );
  }
  return kind;
}

function invalid(name: string, issues: readonly Issue[]): Failure {
  const mistakes = issues.map(sentenceOf);
  const more = mistakes.length > 1 ? ` (and ${mistakes.length - 1} more)` : "";
  return new Failure("configuration-invalid", `${name}: ${mistakes[0]}${more}`, { details: { mistakes } });
}

function nameOf(kind: Kind, value: unknown): string {
  const { name, namespace } = isRecord(value) && isRecord(value["metadata"]) ? value["metadata"] : {};
  const parts = [namespace, name].filter((part) => typeof part === "string" && part !== "");
  return [kind, ...(parts.length === 0 ? [] : [parts.join("/")])].join(" ");
}

/** Paths that `before` has and `after` has not. */
export function droppedFields(before: unknown, after: unknown, path = ""): readonly string[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.flatMap((each, index) => droppedFields(each, after[index], `${path}[${index}]`));
  }
  if (!isRecord(before) || !isRecord(after)) return [];
  return Object.entries(before).flatMap(([name, inner]) => {
    const inside = path === "" ? name : `${path}.${name}`;
    if (Object.hasOwn(after, name)) return droppedFields(inner, after[name], inside);
    return inner === null ? [] : [inside];
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}
