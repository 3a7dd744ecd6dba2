import { expect, test } from "vitest";
import type { JsonValue } from "../json.ts";
import { jsonPatch } from "./json-patch.ts";

const target = { data: { a: "1", b: "2" }, list: ["x"] };

/** Copies of a field into itself. */
function doubling(times: number): readonly JsonValue[] {
  const add = { op: "add", path: "/data/x", value: { a: 1 } };
  return [add, ...Array.from({ length: times }, (_, at) => ({ op: "copy", from: "/data/x", path: `/data/x/y${at}` }))];
}

test("takes as much copying as kube-apiserver does", () => {
  expect(jsonPatch(target, doubling(17)).kind).toBe("patched");
});

/** As kube-apiserver 1.35 answers; a number is the status of a refusal. */
test.each<[JsonValue, JsonValue]>([
  [[], target],
  [[{ op: "add", path: "/data/n", value: "x" }], { ...target, data: { a: "1", b: "2", n: "x" } }],
  [[{ op: "add", path: "/data/n" }], { ...target, data: { a: "1", b: "2", n: null } }],
  [[{ op: "add", path: "/data/a~1b", value: "x" }], { ...target, data: { a: "1", b: "2", "a/b": "x" } }],
  [[{ op: "add", path: "/data/m~0n", value: "x" }], { ...target, data: { a: "1", b: "2", "m~n": "x" } }],
  [[{ op: "add", path: "data/a", value: "x" }], { ...target, a: "x" }],
  [[{ op: "add", path: "/list/-", value: "y" }], { ...target, list: ["x", "y"] }],
  [[{ op: "add", path: "/list/0", value: "y" }], { ...target, list: ["y", "x"] }],
  [[{ op: "add", path: "/list/1", value: "y" }], { ...target, list: ["x", "y"] }],
  [[{ op: "add", path: "/list/5", value: "y" }], 422],
  [[{ op: "add", path: "/list/x", value: "y" }], 422],
  [[{ op: "add", path: "/none/0", value: "y" }], 422],
  [[{ op: "add", path: "/data/a/b", value: "y" }], 422],
  [[{ op: "add" }], 422],
  [[{ op: "remove", path: "/data/a" }], { ...target, data: { b: "2" } }],
  [[{ op: "remove", path: "/list/0" }], { ...target, list: [] }],
  [[{ op: "remove", path: "/list/-1" }], { ...target, list: [] }],
  [[{ op: "remove", path: "/list/1" }], 422],
  [[{ op: "remove", path: "/data/none" }], 422],
  [[{ op: "remove", path: "/none/none" }], 422],
  [[{ op: "remove", path: "/data/a/b" }], 422],
  [[{ op: "remove", path: "" }], 422],
  [[{ op: "replace", path: "/data/a", value: null }], { ...target, data: { a: null, b: "2" } }],
  [[{ op: "replace", path: "/data/none", value: "x" }], { ...target, data: { a: "1", b: "2", none: "x" } }],
  [[{ op: "replace", path: "/none/b", value: "x" }], 422],
  [[{ op: "replace", path: "/list/1", value: "x" }], 422],
  [[{ op: "replace", path: "", value: { k: "v" } }], { k: "v" }],
  [[{ op: "move", from: "/data/a", path: "/data/q" }], { ...target, data: { b: "2", q: "1" } }],
  [[{ op: "move", from: "/data/none", path: "/data/q" }], 422],
  [[{ op: "copy", from: "/data/a", path: "/data/q" }], { ...target, data: { a: "1", b: "2", q: "1" } }],
  [[{ op: "copy", from: "/data/none", path: "/data/q" }], { ...target, data: { a: "1", b: "2", q: null } }],
  [[{ op: "test", path: "/data", value: { b: "2", a: "1" } }], target],
  [[{ op: "test", path: "/data/none", value: null }], target],
  [[{ op: "test", path: "/data/a", value: "x" }], 422],
  [[{ op: "test", path: "/data/a" }], 422],
  [[{ op: "test", path: "/data/none", value: "x" }], 422],
  [[{ op: "test", path: "/none/none", value: "x" }], 422],
  [[{ op: "frob", path: "/data/a" }], 422],
  [[{ path: "/data/a", value: "x" }], 422],
  [{ op: "add", path: "/data/n", value: "x" }, 400],
  [["add"], 400],
  [Array.from({ length: 10_001 }, () => ({ op: "test", path: "/data/none" })), 413],
  // each doubles the field, and 18 of them copy 3.4 MB
  [doubling(18), 422],
  [doubling(1000), 422],
])("patch %#", (operations, expected) => {
  const patched = jsonPatch(target, operations);
  expect(patched.kind === "refused" ? patched.status : patched.object).toEqual(expected);
});

test("leaves the target as it was, and takes __proto__ for a field as any other", () => {
  const patched = jsonPatch(target, [{ op: "add", path: "/__proto__", value: 1 }]);
  expect(JSON.stringify(patched)).toContain('"__proto__":1');
  expect(target).toEqual({ data: { a: "1", b: "2" }, list: ["x"] });
});
