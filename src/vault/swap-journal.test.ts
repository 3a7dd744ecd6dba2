import { expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import {
  journalMessages,
  markOf,
  readJournal,
  readSwap,
  type Swap,
  type SwapDocument,
  temporaryConfig,
  temporaryName,
  withMark,
  withoutMark,
  withSwap,
} from "./swap-journal.ts";

const swap: Swap = {
  ...{ format: 1n, stream: "S", snapshot: "a".repeat(64), source: "S", token: "t", last: 18_446_744_073n },
  step: "copied",
};

function document(consumers: number): SwapDocument {
  const floor = { consumer: 1n, stream: 2n };
  const state = { delivered: floor, ackFloor: floor, pending: [], redelivered: [] };
  const end = { messages: 3n, bytes: 300n, firstSequence: 1n, lastSequence: 3n, firstTime: "", lastTime: "" };
  return {
    config: { name: "S", max_age: 1_763_719_200_123_456_789n },
    manifest: {
      ...{ format: 1n, stream: "S", folder: "f", created: "", config: { name: "S" }, digest: "d", indexDigest: "" },
      ...{ server: { name: "", version: "" }, strategy: "snapshot", why: "", consistency: "exact", kept: 0n },
      ...{ rounds: 1n, reference: {}, state: end, live: [[1n, 3n]], segments: [], tombstones: null },
      consumers: Array.from({ length: consumers }, (_, index) => ({
        ...{ name: `ü${index}`, folder: "f", created: "", config: {}, exact: "exact", notes: [], state },
      })),
    },
  };
}

test.each([1, 2000])("a document with %d consumers comes back from its messages", (consumers) => {
  const messages = journalMessages(document(consumers), 41n, 5n);
  expect(messages.map(({ sequence }) => sequence)).toEqual(messages.map((_, index) => 42n + BigInt(index)));
  expect(Math.max(...messages.map(({ payload }) => payload.length))).toBeLessThan(64 * 1024);
  expect(
    readJournal(
      messages.map(({ payload }) => payload),
      "T",
    ),
  ).toEqual(document(consumers));
});

test("a document that is cut is damaged", () => {
  const [piece] = journalMessages(document(1), 0n, 0n);
  expect(() => readJournal([piece?.payload.subarray(1) ?? new Uint8Array()], "T")).toThrow(Failure);
});

test("the configuration of a copy has no subjects, and says what it is", () => {
  const target = {
    name: "S",
    subjects: ["s.>"],
    max_age: 5n,
    num_replicas: 3n,
    placement: { tags: ["a"] },
    republish: {},
  };
  const config = temporaryConfig(target, swap);
  expect(config).toEqual({
    ...{ name: temporaryName("S"), storage: "file", retention: "limits", num_replicas: 3n, placement: { tags: ["a"] } },
    mirror: { name: `${temporaryName("S")}-none` },
    description: expect.any(String),
    metadata: expect.any(Object),
  });
  expect(readSwap(config)).toEqual(swap);
});

test("streams of users say nothing, one of a newer version is not guessed at", () => {
  expect(readSwap({ name: temporaryName("S") })).toBeUndefined();
  expect(readSwap({ name: "S", metadata: { owner: "shop" } })).toBeUndefined();
  const newer = withSwap({ name: "T" }, { ...swap, format: 2n as 1n });
  expect(() => readSwap(newer)).toThrow(/not understood/);
});

test("a mark goes without a trace", () => {
  for (const config of [{ name: "S" }, { name: "S", metadata: { owner: "shop" } }]) {
    const marked = withMark(config, "t");
    expect(markOf(marked)).toBe("t");
    expect(withoutMark(marked)).toEqual({ metadata: {}, ...config });
    expect(withoutMark(config)).toBe(config);
  }
});
