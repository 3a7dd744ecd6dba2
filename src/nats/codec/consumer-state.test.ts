import fc from "fast-check";
import { expect, test } from "vitest";
import { Failure } from "../../kit/failures.ts";
import type { ConsumerState } from "../stream.ts";
import { decodeConsumerState, encodeConsumerState } from "./consumer-state.ts";

const sequence = fc.bigInt({ min: 0n, max: 2n ** 62n });
const seconds = fc.bigInt({ min: 0n, max: 9_000_000_000n }).map((value) => value * 1_000_000_000n);
const floor = fc.record({ consumer: sequence, stream: sequence });
const state: fc.Arbitrary<ConsumerState> = fc.record({
  delivered: floor,
  ackFloor: floor,
  pending: fc
    .array(fc.tuple(sequence, fc.record({ consumer: sequence, timestamp: seconds })), { maxLength: 30 })
    .map((entries) => new Map(entries)),
  redelivered: fc.array(fc.tuple(sequence, sequence), { maxLength: 30 }).map((entries) => new Map(entries)),
});

const empty: ConsumerState = {
  delivered: { consumer: 310n, stream: 300n },
  ackFloor: { consumer: 100n, stream: 90n },
  pending: new Map(),
  redelivered: new Map(),
};

test("reads back what it writes", () => {
  const property = fc.property(state, (given) => {
    expect(decodeConsumerState(encodeConsumerState(given))).toEqual(given);
  });
  fc.assert(property);
});

test("writes what the server's decoder expects", () => {
  const given = {
    ...empty,
    pending: new Map([[101n, { consumer: 130n, timestamp: 1_763_719_200_999_999_999n }]]),
    redelivered: new Map([[101n, 2n]]),
  };
  const fields = ["1602", "64", "5a", "b602", "ac02", "01", "c0e081920d", "0b", "1e", "00", "01", "0b", "02"];
  expect(Buffer.from(encodeConsumerState(given)).toString("hex")).toBe(fields.join(""));
});

test("loses a pending time's fraction of a second, as the server does", () => {
  const given = { ...empty, pending: new Map([[101n, { consumer: 101n, timestamp: 1_763_719_200_999_999_999n }]]) };
  const { pending } = decodeConsumerState(encodeConsumerState(given));
  expect(pending.get(101n)).toEqual({ consumer: 101n, timestamp: 1_763_719_200_000_000_000n });
});

const whole = encodeConsumerState({ ...empty, redelivered: new Map([[95n, 1n]]) });

test.each([
  ["nothing", new Uint8Array(0)],
  ["another magic", Uint8Array.of(23, 2, 0, 0, 0, 0, 0, 0)],
  ["version 1", Uint8Array.of(22, 1, 0, 0, 0, 0, 0, 0)],
  ["a list that is longer than the file", Uint8Array.of(22, 2, 0, 0, 0, 0, 100, 0)],
  ["something behind the end", Uint8Array.of(...whole, 0)],
  ["a sequence below zero", Uint8Array.from(Buffer.from(`160200${"ff".repeat(9)}0100000000`, "hex"))],
])("refuses %s", (_title, bytes) => expect(() => decodeConsumerState(bytes)).toThrow(Failure));

test("refuses every cut", () => {
  for (let end = 0; end < whole.length; end++) expect(() => decodeConsumerState(whole.subarray(0, end))).toThrow();
});
