import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Schema } from "./schema.ts";

export const referencePrefix = "#/components/schemas/";

interface Loaded {
  readonly schemas: Readonly<Record<string, Schema>>;
  /** group/version/kind -> name */
  readonly names: ReadonlyMap<string, string>;
}

/** What Kubernetes publishes of the kinds that are served: half a megabyte, read when it is first asked for. */
let loaded: Loaded | undefined;

function load(): Loaded {
  loaded ??= indexed(parsed(readFileSync(join(import.meta.dirname, "../openapi.json"), "utf8")));
  return loaded;
}

function parsed(text: string): Readonly<Record<string, Schema>> {
  return JSON.parse(text);
}

function indexed(schemas: Readonly<Record<string, Schema>>): Loaded {
  const names = Object.entries(schemas).flatMap(([name, schema]) =>
    (schema["x-kubernetes-group-version-kind"] ?? []).map(
      ({ group, version, kind }) => [`${group}/${version}/${kind}`, name] as const,
    ),
  );
  return { schemas, names: new Map(names) };
}

/** The schemas of openapi.json by name: `io.k8s.api.batch.v1.Job`. `node scripts/openapi-extract.ts` makes it anew. */
export function definitions(): Readonly<Record<string, Schema>> {
  return load().schemas;
}

/** Kubernetes' name of a built-in kind's schema; undefined where the extract has none. */
export function definitionName(group: string, version: string, kind: string): string | undefined {
  return load().names.get(`${group}/${version}/${kind}`);
}

/** The name of the definition that this schema refers to. */
export function referenceOf({ $ref, allOf }: Schema): string | undefined {
  return ($ref ?? allOf?.[0]?.$ref)?.slice(referencePrefix.length);
}

/** The schema that this one refers to, with what it says itself; or itself. */
export function resolved(schema: Schema): Schema {
  const name = referenceOf(schema);
  const target = name === undefined ? undefined : definitions()[name];
  if (target === undefined) return schema;
  const { $ref: _, allOf: _all, ...own } = schema;
  return Object.keys(own).length === 0 ? target : { ...target, ...own };
}
