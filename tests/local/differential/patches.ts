import type { JsonObject, JsonValue } from "../../../src/local/json.ts";
import { kept } from "../shapes-changes.ts";
import { objects } from "../shapes-inputs.ts";
import { type Context, names, queries } from "./drafts.ts";
import type { Step } from "./side.ts";

export const merge = "application/merge-patch+json";
const strategic = "application/strategic-merge-patch+json";
const json = "application/json-patch+json";

export function patch(context: Context): Step {
  const { resource, collection, draw } = context;
  const own = kept[resource.kind];
  const choices: readonly (readonly [string, JsonValue])[] = [
    ...[...(own?.changes ?? []), {}].map((each) => [merge, each] as const),
    ...[...(own?.strategic ?? []), {}].map((each) => [strategic, each] as const),
    ...[...(own?.json ?? []), []].map((each) => [json, each] as const),
    ...(objects[resource.kind] ?? []).map((each) => [merge, each] as const),
  ];
  const [contentType, body] = draw(choices);
  return { method: "PATCH", path: `${collection}/${draw(names)}${draw(queries)}`, contentType, body: () => body };
}

/** Labels, finalizers and owners: what goes for all kinds. */
export function patchMetadata({ collection, draw }: Context): Step {
  const metadata = draw<JsonObject>([
    ...[{ labels: { a: "b" } }, { labels: { a: null } }, { labels: null }, { labels: { "a b": "c" } }],
    ...[{ annotations: { note: "x" } }, { annotations: null }, { annotations: { note: 3 } }],
    ...[{ finalizers: ["example.com/x"] }, { finalizers: null }, { finalizers: null }, { finalizers: [] }],
    ...[{ finalizers: ["example.com/x", "example.com/x"] }, { finalizers: ["foregroundDeletion"] }],
    ...[
      { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "one", uid: "u" }] },
      { ownerReferences: null },
    ],
    ...[{ ownerReferences: [{ kind: "ConfigMap", name: "one" }] }, { name: "another" }, { namespace: "other" }],
    ...[{ resourceVersion: "1" }, { uid: "x" }, { creationTimestamp: null }, { generation: 77 }, { foo: "bar" }],
    ...[{ deletionTimestamp: "2020-01-01T00:00:00Z" }, { generateName: "q" }],
  ]);
  return {
    method: "PATCH",
    path: `${collection}/${draw(names)}${draw(queries)}`,
    contentType: merge,
    body: () => ({ metadata }),
  };
}

export function patchOddly({ collection, draw }: Context): Step {
  const [contentType, body] = draw<readonly [string, JsonValue]>([
    ...([
      [merge, []],
      [merge, "x"],
      [merge, null],
      [merge, { kind: "Gadget" }],
      [merge, { apiVersion: "v9" }],
    ] as const),
    ...([
      [json, {}],
      [json, [{ op: "jump", path: "/x" }]],
      [json, [{ op: "add" }]],
      [json, "x"],
    ] as const),
    ...([
      [json, [{ op: "remove", path: "/metadata/name" }]],
      [json, [{ op: "replace", path: "", value: 3 }]],
    ] as const),
    ...([
      ["application/json", {}],
      ["text/plain", "x"],
      ["application/yaml", {}],
      [merge, { metadata: null }],
    ] as const),
    ...([
      [strategic, { metadata: { $patch: "jump" } }],
      [strategic, "x"],
      [strategic, { $patch: "delete" }],
    ] as const),
  ]);
  return { method: "PATCH", path: `${collection}/${draw(names)}`, contentType, body: () => body };
}
