import { describe, expect, test } from "vitest";
import { Entry } from "./entry.ts";
import { overlaid, positionAfter, positionOf, stretchOf } from "./sorted.ts";

function entry(key: string, version = 1): Entry {
  const [namespace = "", name = ""] = key.split("/");
  return new Entry({ resource: "secrets", namespace, name }, version, "{}");
}

// a hyphen comes before the slash, a digit after it
const entries = ["a-b/x", "a/x", "a/y", "a0/x", "b/x"].map((key) => entry(key));

test.each([
  ["a/x", 1, 2],
  ["a/xx", 2, 2],
  ["", 0, 0],
  ["c/x", 5, 5],
])("finds the place of %j", (key, at, after) => {
  expect([positionOf(entries, key), positionAfter(entries, key)]).toEqual([at, after]);
});

test.each([
  ["a", 1, 3],
  ["a-b", 0, 1],
  ["a0", 3, 4],
  ["aa", 4, 4],
  [undefined, 0, 5],
])("finds the objects of the namespace %s", (namespace, start, end) => {
  expect(stretchOf(entries, namespace)).toEqual({ start, end });
});

describe("a list that is changed", () => {
  test.each<[string, readonly [string, number | undefined][], readonly string[]]>([
    ["at the beginning", [["a-a/x", 2]], ["a-a/x 2", "a-b/x 1", "a/x 1", "a/y 1", "a0/x 1", "b/x 1"]],
    ["at the end", [["c/x", 2]], ["a-b/x 1", "a/x 1", "a/y 1", "a0/x 1", "b/x 1", "c/x 2"]],
    ["where an entry is", [["a/y", 2]], ["a-b/x 1", "a/x 1", "a/y 2", "a0/x 1", "b/x 1"]],
    [
      "by taking away, and what is not there",
      [
        ["a/y", undefined],
        ["a/z", undefined],
      ],
      ["a-b/x 1", "a/x 1", "a0/x 1", "b/x 1"],
    ],
    [
      "in several places, in any order",
      [
        ["b/x", undefined],
        ["a/a", 2],
        ["a/x", 2],
        ["a-b/x", undefined],
      ],
      ["a/a 2", "a/x 2", "a/y 1", "a0/x 1"],
    ],
    ["nowhere", [], ["a-b/x 1", "a/x 1", "a/y 1", "a0/x 1", "b/x 1"]],
  ])("%s", (_title, changes, expected) => {
    const changed = changes.map(
      ([key, version]) => [key, version === undefined ? version : entry(key, version)] as const,
    );
    const made = overlaid(entries, new Map(changed));
    expect(made.map(({ key, version }) => `${key} ${version}`)).toEqual(expected);
  });
});
