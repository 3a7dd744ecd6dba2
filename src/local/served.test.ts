import { expect, test } from "vitest";
import { kinds } from "../api/kinds.ts";
import { resolved } from "./schema/definitions.ts";
import type { Schema } from "./schema/schema.ts";
import { groupVersionOf, servedAt, servedResources } from "./served.ts";

test("serves our kinds and what they need of Kubernetes, each once", () => {
  const places = servedResources.map((resource) => `${groupVersionOf(resource)}/${resource.plural}`);
  expect(new Set(places).size).toBe(places.length);
  for (const [kind, { group, version, plural }] of Object.entries(kinds)) {
    expect(servedAt(group, version, plural)?.kind).toBe(kind);
  }
  expect(servedAt("", "v1", "pods")?.subresources).toEqual(["binding", "log", "status"]);
  expect(servedAt("apps", "v1", "deployments")).toBeUndefined();
});

test.each(servedResources)("knows what a $kind looks like", (resource) => {
  expect(resource.schema?.properties).toHaveProperty("metadata");
  expect(unresolved(resource.schema ?? {}, new Set())).toEqual([]);
});

/** References that lead nowhere. */
function unresolved(schema: Schema, seen: Set<Schema>): readonly string[] {
  const target = resolved(schema);
  const { $ref, properties = {}, items, additionalProperties } = target;
  if ($ref !== undefined) return [$ref];
  if (seen.has(properties)) return [];
  seen.add(properties);
  const inner = [...Object.values(properties), items, additionalProperties].filter((each) => each !== undefined);
  return inner.flatMap((each) => unresolved(each, seen));
}
