import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { merged } from "../../tests/support/memory-cluster.ts";
import { difference, holds } from "./difference.ts";

describe("the difference", () => {
  test.each<[string, Readonly<Record<string, unknown>>, unknown, object | undefined]>([
    ["is nothing when all is there", { a: 1, b: { c: "x" } }, { a: 1, b: { c: "x", d: 1 }, e: 2 }, undefined],
    ["is what is missing", { a: 1, b: 2 }, { a: 1 }, { b: 2 }],
    ["is what is another", { a: { b: 1, c: 2 } }, { a: { b: 1, c: 3, d: 4 } }, { a: { c: 2 } }],
    ["is a whole object that is missing", { a: { b: 1 } }, {}, { a: { b: 1 } }],
    ["is an object where something else is", { a: { b: 1 } }, { a: 5 }, { a: { b: 1 } }],
    ["is not what is undefined", { a: undefined }, { a: 1 }, undefined],
    ["is what must go", { a: null, b: null }, { a: 1 }, { a: null }],
    ["is not an empty object that the server dropped", { labels: {}, spec: { selector: {} } }, {}, undefined],
    ["is not an empty list that the server dropped", { rules: [] }, {}, undefined],
    ["is a list that should be empty", { rules: [] }, { rules: [1] }, { rules: [] }],
    [
      "is a whole list when an item differs",
      { l: [{ a: 1 }, { a: 2 }] },
      { l: [{ a: 1 }, { a: 3 }] },
      { l: [{ a: 1 }, { a: 2 }] },
    ],
    ["is a whole list when it is longer", { l: [1] }, { l: [1, 2] }, { l: [1] }],
    ["is a whole list in another order", { l: [1, 2] }, { l: [2, 1] }, { l: [1, 2] }],
    ["is not what the server adds to items", { l: [{ a: 1 }] }, { l: [{ a: 1, default: true }] }, undefined],
  ])("%s", (_title, wanted, live, patch) => expect(difference(wanted, live)).toEqual(patch));

  const value = fc.letrec((tie) => ({
    any: fc.oneof({ depthSize: "small" }, fc.integer({ max: 3, min: 0 }), fc.constant("x"), tie("list"), tie("fields")),
    list: fc.array(tie("any"), { maxLength: 3 }),
    fields: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("any"), { maxKeys: 3 }),
  }));
  const fields = value.fields as fc.Arbitrary<Record<string, unknown>>;

  test("as a merge patch gives what is wanted, once and for all", () => {
    fc.assert(
      fc.property(fields, fields, (wanted, live) => {
        const patch = difference(wanted, live);
        const after = patch === undefined ? live : merged(live, patch);
        expect(holds(after, wanted)).toBe(true);
        expect(difference(wanted, after)).toBeUndefined();
      }),
    );
  });
  test("takes nothing away that nobody spoke of", () => {
    fc.assert(
      fc.property(fields, fields, (wanted, live) => {
        const other = { ...live, untouched: { a: [1] } };
        const after = merged(other, difference(wanted, other) ?? {});
        expect(after).toMatchObject({ untouched: { a: [1] } });
      }),
    );
  });
});
