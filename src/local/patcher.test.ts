import { expect, test } from "vitest";
import { patcherOf } from "./patcher.ts";
import { servedAt } from "./served.ts";

const types = ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"];

test.each(types)("what is shown of a large object has its begin and its end (%s)", (type) => {
  const resource = servedAt("", "v1", "configmaps");
  if (resource === undefined) throw new Error("it is not served");
  const large = { data: { first: "x".repeat(1_000_000), last: "z" } };
  const shown = patcherOf(resource, type, type.includes("json-patch") ? [] : large).blamed(large);
  expect(shown).toMatch(/first.* \.\.\. .*last/);
  expect(shown.length).toBeLessThan(11_000);
});
