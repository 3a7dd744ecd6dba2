import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AscendingMembership, SequenceSet } from "./sequence-set.ts";

const sequences = fc.uniqueArray(fc.bigInt(1n, 80n), { maxLength: 60 }).map((all) => all.sort((a, b) => Number(a - b)));

function setOf(all: readonly bigint[]): SequenceSet {
  const set = new SequenceSet();
  for (const sequence of all) set.add(sequence);
  return set;
}

function members(set: SequenceSet): bigint[] {
  return [...set.ranges()].flatMap(([first, last]) =>
    Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index)),
  );
}

describe("a sequence set behaves as a set of numbers", () => {
  test("members, count, ends and membership", () => {
    fc.assert(
      fc.property(sequences, fc.bigInt(0n, 90n), (all, asked) => {
        const set = setOf(all);
        expect(members(set)).toEqual(all);
        expect(set.count).toBe(BigInt(all.length));
        expect([set.first, set.last]).toEqual([all[0], all.at(-1)]);
        expect(set.has(asked)).toBe(all.includes(asked));
      }),
    );
  });

  test("minus, and, or", () => {
    fc.assert(
      fc.property(sequences, sequences, (left, right) => {
        const [a, b] = [setOf(left), setOf(right)];
        expect(members(a.minus(b))).toEqual(left.filter((one) => !right.includes(one)));
        expect(members(a.and(b))).toEqual(left.filter((one) => right.includes(one)));
        expect(members(a.or(b))).toEqual([...new Set([...left, ...right])].sort((x, y) => Number(x - y)));
      }),
    );
  });

  test("without gives the live sequences of a stream's state", () => {
    fc.assert(
      fc.property(sequences, fc.bigInt(1n, 40n), fc.bigInt(0n, 60n), (deleted, first, length) => {
        const last = first + length - 1n;
        const expected = Array.from({ length: Number(length) }, (_, index) => first + BigInt(index));
        expect(members(SequenceSet.without(first, last, deleted))).toEqual(
          expected.filter((one) => !deleted.includes(one)),
        );
      }),
    );
  });

  test("ascending questions get the same answers as single ones", () => {
    fc.assert(
      fc.property(sequences, sequences, (all, asked) => {
        const set = setOf(all);
        const membership = new AscendingMembership(set);
        for (const sequence of asked) expect(membership.has(sequence)).toBe(set.has(sequence));
      }),
    );
  });
});

test("what does not ascend is refused", () => {
  const set = SequenceSet.of([[5n, 9n]]);
  expect(() => set.add(9n)).toThrow(RangeError);
  expect(() => set.addRange(12n, 11n)).toThrow(RangeError);
  const membership = new AscendingMembership(set);
  membership.has(7n);
  expect(() => membership.has(6n)).toThrow(RangeError);
});

test("sequences above 2^53 stay exact", () => {
  const high = 2n ** 62n + 1n;
  const set = SequenceSet.of([
    [1n, 1n],
    [high, high + 2n],
  ]);
  expect([set.has(high - 1n), set.has(high + 2n), set.count]).toEqual([false, true, 4n]);
});
