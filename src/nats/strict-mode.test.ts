import { expect, test } from "vitest";
import { dropField, unknownField } from "./strict-mode.ts";

test.each([
  ["at the top", { x: 1, y: 2 }, { y: 2 }],
  ["in a nested object", { a: { x: 1, y: 2 } }, { a: { y: 2 } }],
  ["in the innermost only", { x: 1, a: { x: 2 } }, { x: 1, a: {} }],
  ["in each object of an array", { a: [{ x: 1 }, { x: 2, y: 3 }] }, { a: [{}, { y: 3 }] }],
  ["not among the user's metadata", { x: 1, metadata: { x: "kept" } }, { metadata: { x: "kept" } }],
  ["nowhere", { a: 1, metadata: { x: "kept" } }, undefined],
  ["without touching other values", { a: { x: null, n: 5n, list: [1, "x"] } }, { a: { n: 5n, list: [1, "x"] } }],
])("x is dropped %s", (_title, body, expected) => {
  expect(dropField(body, "x")).toEqual(expected);
});

test.each([
  [10025, 'invalid JSON: json: unknown field "window_size"', "window_size"],
  [10025, "invalid JSON: unexpected end of JSON input", undefined],
  [10003, 'json: unknown field "x"', undefined],
])("%i %s names %s", (errorCode, description, field) => {
  expect(unknownField({ errorCode, description })).toBe(field);
});
