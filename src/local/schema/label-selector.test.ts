import { expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../json.ts";
import { selectorErrors, selects } from "./label-selector.ts";

const labels = { a: "b", c: "d" };
const expression = (operator: string, ...values: readonly string[]) => ({
  matchExpressions: [{ key: "a", operator, values }],
});

test.each<[JsonObject | undefined, boolean]>([
  [undefined, false],
  [{}, true],
  [{ matchLabels: { a: "b" } }, true],
  [{ matchLabels: { a: "b", c: "x" } }, false],
  [expression("In", "x", "b"), true],
  [expression("In", "x"), false],
  [expression("NotIn", "x"), true],
  [expression("NotIn", "b"), false],
  [{ matchExpressions: [{ key: "z", operator: "NotIn", values: ["b"] }] }, true],
  [expression("Exists"), true],
  [expression("DoesNotExist"), false],
  [{ matchLabels: { a: "b" }, ...expression("DoesNotExist") }, false],
])("%j selects: %j", (selector, expected) => expect(selects(selector, labels)).toBe(expected));

test.each<[JsonValue, readonly string[]]>([
  [{ matchLabels: { a: "b" }, ...expression("In", "x") }, []],
  [{ matchLabels: { a: "b c" } }, ["s.matchLabels"]],
  [expression("In"), ["s.matchExpressions[0].values"]],
  [expression("Exists", "x"), ["s.matchExpressions[0].values"]],
  [expression("Near"), ["s.matchExpressions[0].operator"]],
  [expression("NotIn", "x", "y z"), ["s.matchExpressions[0].values[1]"]],
  [{ matchExpressions: [{ operator: "Exists" }] }, ["s.matchExpressions[0].key", "s.matchExpressions[0].key"]],
])("of %j there are errors at %j", (selector, fields) => {
  expect(selectorErrors(selector, "s").map(({ field }) => field)).toEqual(fields);
});
