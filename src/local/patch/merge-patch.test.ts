import { expect, test } from "vitest";
import type { JsonObject } from "../json.ts";
import { mergePatch } from "./merge-patch.ts";

/** RFC 7386, appendix A, as far as both are objects. */
test.each<[JsonObject, JsonObject, JsonObject]>([
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{ a: "text" }, { a: { b: 1 } }, { a: { b: 1 } }],
])("%j patched with %j is %j", (target, patch, result) => {
  expect(mergePatch(target, patch)).toEqual(result);
});

test("a field called __proto__ is an ordinary field", () => {
  const patched = mergePatch({}, JSON.parse('{"__proto__":{"a":1}}'));
  expect(JSON.stringify(patched)).toBe('{"__proto__":{"a":1}}');
});
