import { describe, expect, test } from "vitest";
import type { StreamState } from "../nats/stream.ts";
import { explainLosses, isExpired } from "./losses.ts";
import type { Manifest } from "./manifest.ts";
import { hasTtl, isSampled, sampleOf } from "./sample.ts";

/** 1..100 without 50: 99 messages. */
const manifest = {
  live: [
    [1n, 49n],
    [51n, 100n],
  ],
  state: { messages: 99n, firstSequence: 1n, lastSequence: 100n },
} as unknown as Manifest;

function state(messages: bigint, first = 1n, last = 100n): StreamState {
  return { messages, first_seq: first, last_seq: last } as StreamState;
}

const none = { maxAge: 0n, withTtl: 0n };
const aged = { maxAge: 1n, withTtl: 0n };

describe("what a restored stream lacks is explained by its limits, or is a loss", () => {
  test.each([
    ["all there", state(99n), none, 0n],
    ["one lost", state(98n), none, undefined],
    ["one lost from the front", state(98n, 2n), none, undefined],
    ["one too many", state(100n), aged, undefined],
    ["the last one lost", state(98n, 1n, 99n), aged, undefined],
    ["published meanwhile", state(102n, 1n, 103n), none, 0n],
    ["published meanwhile, each for an old one", state(99n, 4n, 103n), none, 0n],
    ["published meanwhile, and one lost", state(98n, 4n, 103n), none, undefined],
    ["age took the front", state(59n, 41n), aged, 40n],
    ["age took the front, across the gap", state(40n, 61n), aged, 59n],
    ["age took all", state(0n, 101n), aged, 99n],
    ["age took the front, and one behind it is lost", state(58n, 41n), aged, undefined],
    ["one lost inside a stream with an age limit", state(98n), aged, undefined],
    ["as many as had a time to live", state(96n), { maxAge: 0n, withTtl: 3n }, 3n],
    ["more than had a time to live", state(95n), { maxAge: 0n, withTtl: 3n }, undefined],
  ])("%s", (_title, found, limits, expected) => {
    expect(explainLosses(manifest, found, limits)).toBe(expected);
  });
});

const message = {
  sequence: 1n,
  timestamp: 1_000_000_000_000n,
  subject: Buffer.from("a"),
  header: new Uint8Array(0),
  payload: Buffer.from("x"),
};
const withTtl = { ...message, header: Buffer.from("NATS/1.0\r\nA: b\r\nNats-TTL: 1s\r\n\r\n") };

describe("a missing message is", () => {
  test.each([
    ["lost without limits", message, none, 10_000_000, false],
    ["gone by age", message, { maxAge: 5_000_000_000n, withTtl: 0n }, 1_006_000, true],
    ["lost when it is too young", message, { maxAge: 500_000_000_000n, withTtl: 0n }, 1_006_000, false],
    ["gone by its time to live", withTtl, { maxAge: 0n, withTtl: 1n }, 0, true],
    ["lost where the stream honours none", withTtl, none, 10_000_000, false],
  ])("%s", (_title, one, limits, nowMs, expected) => {
    expect(isExpired(sampleOf(one), limits, nowMs)).toBe(expected);
  });
});

test("a subject that is no UTF-8 is not compared, all else is", () => {
  const odd = { ...message, subject: Buffer.from([0x61, 0xff]) };
  const answered = { ...odd, subject: Buffer.from("a\ufffd") };
  expect(isSampled(sampleOf(odd), answered)).toBe(true);
  expect(isSampled(sampleOf(odd), { ...answered, payload: Buffer.from("y") })).toBe(false);
  expect(isSampled(sampleOf(message), { ...message, subject: Buffer.from("b") })).toBe(false);
});

test("a time to live is a header of that name, not a text in another", () => {
  expect(hasTtl(withTtl)).toBe(true);
  expect(hasTtl({ ...message, header: Buffer.from("NATS/1.0\r\nNote: Nats-TTL: 1s\r\n\r\n") })).toBe(false);
});
