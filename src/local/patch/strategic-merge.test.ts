import { expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../json.ts";
import { servedAt } from "../served.ts";
import { strategicMerge } from "./strategic-merge.ts";

const [one, two] = [
  {
    ...{ name: "one", image: "i", args: ["x", "y"] },
    env: [
      { name: "A", value: "1" },
      { name: "B", value: "2" },
    ],
    ports: [{ containerPort: 1 }, { containerPort: 2 }],
  },
  { name: "two", image: "i" },
];
const volumes = [
  { name: "v", emptyDir: {} },
  { name: "w", secret: { secretName: "s" } },
];
const pod: JsonObject = {
  metadata: { finalizers: ["a/x", "a/y"], labels: { a: "1", b: "2" } },
  spec: { containers: [one, two], volumes, tolerations: [{ key: "k" }], nodeSelector: { a: "b" } },
};

function patched(patch: JsonObject): JsonValue {
  const pods = servedAt("", "v1", "pods");
  if (pods === undefined) throw new Error("pods are not served");
  const result = strategicMerge(pods, pod, patch);
  return result.kind === "refused" ? result.status : result.object;
}

function withSpec(change: JsonObject): JsonObject {
  return { ...pod, spec: { ...(pod["spec"] as JsonObject), ...change } };
}

/** As kube-apiserver 1.35 merges them. */
test.each<[string, JsonObject, JsonObject]>([
  ["an item by its key", { containers: [{ name: "one", image: "z" }] }, { containers: [{ ...one, image: "z" }, two] }],
  ["a new item comes first", { containers: [{ name: "n" }] }, { containers: [{ name: "n" }, one, two] }],
  ["an item that goes", { containers: [{ name: "one", $patch: "delete" }] }, { containers: [two] }],
  ["an item that is gone", { containers: [{ name: "n", $patch: "delete" }] }, {}],
  ["all items", { containers: [{ $patch: "replace" }, { name: "n" }] }, { containers: [{ name: "n" }] }],
  ["no items", { containers: [] }, {}],
  [
    "an item's items",
    {
      containers: [
        {
          name: "one",
          env: [
            { name: "B", value: "9" },
            { name: "C", value: "3" },
          ],
        },
      ],
    },
    {
      containers: [
        {
          ...one,
          env: [
            { name: "A", value: "1" },
            { name: "B", value: "9" },
            { name: "C", value: "3" },
          ],
        },
        two,
      ],
    },
  ],
  [
    "items by a number",
    { containers: [{ name: "one", ports: [{ containerPort: 2, protocol: "UDP" }, { containerPort: 3 }] }] },
    {
      containers: [
        { ...one, ports: [{ containerPort: 1 }, { containerPort: 2, protocol: "UDP" }, { containerPort: 3 }] },
        two,
      ],
    },
  ],
  [
    "a list that is one value",
    { containers: [{ name: "one", args: ["z"] }] },
    { containers: [{ ...one, args: ["z"] }, two] },
  ],
  ["a list without a key", { tolerations: [{ key: "z" }] }, { tolerations: [{ key: "z" }] }],
  [
    "an item twice",
    {
      containers: [
        { name: "one", image: "z" },
        { name: "one", args: ["q"] },
      ],
    },
    { containers: [{ ...one, image: "z", args: ["q"] }, two] },
  ],
  [
    "another source",
    { volumes: [{ name: "v", emptyDir: null, secret: { secretName: "q" } }] },
    { volumes: [{ name: "v", secret: { secretName: "q" } }, volumes[1] ?? {}] },
  ],
  [
    "another source, the rest going",
    { volumes: [{ name: "v", $retainKeys: ["name", "secret"], secret: { secretName: "q" } }] },
    { volumes: [{ name: "v", secret: { secretName: "q" } }, volumes[1] ?? {}] },
  ],
  ["a field", { nodeSelector: { c: "d" } }, { nodeSelector: { a: "b", c: "d" } }],
  ["no field", { nodeSelector: { a: null } }, { nodeSelector: {} }],
  ["all fields", { nodeSelector: { $patch: "replace", c: "d" } }, { nodeSelector: { c: "d" } }],
  ["fields that go", { nodeSelector: { $patch: "delete" } }, { nodeSelector: {} }],
  ["an order", { "$setElementOrder/containers": [{ name: "two" }, { name: "one" }] }, { containers: [two, one] }],
  [
    "an order with a new item",
    { "$setElementOrder/containers": [{ name: "two" }, { name: "n" }, { name: "one" }], containers: [{ name: "n" }] },
    { containers: [two, { name: "n" }, one] },
  ],
  [
    "an order without an item that goes",
    {
      "$setElementOrder/containers": [{ name: "one" }, { name: "two" }],
      containers: [{ name: "two", $patch: "delete" }],
    },
    { containers: [one] },
  ],
  [
    "a new list, nulls and directives apart",
    {
      initContainers: [
        { name: "gone", $patch: "delete" },
        { name: "n", env: [{ name: "x", value: null }] },
      ],
    },
    { initContainers: [{ name: "n", env: [{ name: "x" }] }] },
  ],
])("%s", (_title, change, result) => {
  expect(patched({ spec: change })).toEqual(withSpec(result));
});

test.each<[string, JsonObject, JsonObject]>([
  ["a new member comes first", { finalizers: ["a/z"] }, { finalizers: ["a/z", "a/x", "a/y"] }],
  ["a member that is there", { finalizers: ["a/x"] }, {}],
  ["members that go", { "$deleteFromPrimitiveList/finalizers": ["a/x"] }, { finalizers: ["a/y"] }],
  ["an order", { "$setElementOrder/finalizers": ["a/y", "a/x"] }, { finalizers: ["a/y", "a/x"] }],
  [
    "an order with a new member",
    { "$setElementOrder/finalizers": ["a/z", "a/y", "a/x"], finalizers: ["a/z"] },
    { finalizers: ["a/z", "a/y", "a/x"] },
  ],
  ["labels", { labels: { a: null, c: "3" } }, { labels: { b: "2", c: "3" } }],
])("in a set: %s", (_title, change, result) => {
  expect(patched({ metadata: change })).toEqual({
    ...pod,
    metadata: { ...(pod["metadata"] as JsonObject), ...result },
  });
});

test("the whole object", () => {
  expect(patched({ $patch: "replace", spec: { a: 1 } })).toEqual({ spec: { a: 1 } });
});

test.each<[JsonObject]>([
  [{ spec: { containers: [{ image: "z" }] } }],
  [{ spec: { containers: ["x"] } }],
  [{ spec: { containers: [{ name: "one", $patch: "bogus" }] } }],
  [{ spec: { nodeSelector: { $patch: "merge" } } }],
  [{ spec: { "$setElementOrder/containers": [{ name: "two" }], containers: [{ name: "one" }] } }],
  [{ spec: { "$setElementOrder/containers": "x" } }],
  [{ spec: { volumes: [{ name: "v", $retainKeys: ["name"], secret: {} }] } }],
  [{ metadata: { $deleteFromPrimitiveList: {} } }],
])("%j is refused", (patch) => {
  expect(patched(patch)).toBe(400);
});
