import { describe, expect, test } from "vitest";
import { appliedText, lastApplied, lastOf, threeWay } from "./three-way.ts";

describe("the patch that applies a manifest", () => {
  test.each([
    [
      "nothing, when all is as wanted",
      {},
      { a: 1, b: { c: "x" } },
      { a: 1, b: { c: "x", d: "the server's" } },
      undefined,
    ],
    ["what differs", {}, { b: { c: "y" } }, { a: 1, b: { c: "x", d: 1 } }, { b: { c: "y" } }],
    ["what was said last and is not said now", { a: 1, b: 2 }, { a: 1 }, { a: 1, b: 2, c: 3 }, { b: null }],
    ["not what is gone already", { a: 1, b: 2 }, { a: 1 }, { a: 1 }, undefined],
    ["not what others set", { a: 1 }, { a: 1 }, { a: 1, b: 2 }, undefined],
    ["a list whole, when an item differs", { l: [1] }, { l: [1, 2] }, { l: [1] }, { l: [1, 2] }],
    [
      "no list whose items the server only filled in",
      { l: [{ n: 1 }] },
      { l: [{ n: 1 }] },
      { l: [{ n: 1, d: 2 }] },
      undefined,
    ],
    [
      "a list from which a field was taken",
      { l: [{ n: 1, d: 2 }] },
      { l: [{ n: 1 }] },
      { l: [{ n: 1, d: 2 }] },
      { l: [{ n: 1 }] },
    ],
    ["no list that was already brought to it", { l: [1, 2] }, { l: [1] }, { l: [1] }, undefined],
    ["null as nothing", {}, { a: null }, { a: 1 }, { a: null }],
    ["null as nothing, and it is not there", {}, { a: null }, {}, undefined],
    ["no empty object that the server drops", {}, { labels: {} }, {}, undefined],
    ["an object in place of a text", {}, { a: { b: 1 } }, { a: "x" }, { a: { b: 1 } }],
  ])("has %s", (_title, last, wanted, live, patch) => expect(threeWay(last, wanted, live)).toEqual(patch));
});

test("the annotation is kubectl's to the letter", () => {
  const object = { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "x" }, data: { b: "<&>\u2028", a: "ö" } };
  expect(appliedText(object)).toBe(
    '{"apiVersion":"v1","data":{"a":"ö","b":"\\u003c\\u0026\\u003e\\u2028"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"x"}}\n',
  );
});

test.each([
  ["an object without it", undefined, {}],
  ["what is no JSON", { [lastApplied]: "{" }, {}],
  ["what is no object", { [lastApplied]: "[1]" }, {}],
  ["a good one", { [lastApplied]: '{"a":1}' }, { a: 1 }],
])("reads %s", (_title, annotations, last) => expect(lastOf(annotations)).toEqual(last));
