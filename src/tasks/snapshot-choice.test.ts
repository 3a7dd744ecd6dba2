import { describe, expect, test } from "vitest";
import type { SnapshotEntry } from "../vault/catalog.ts";
import { chooseLatest } from "./snapshot-choice.ts";

const target = "appbinding/demo/sample-nats";

function entry(id: string, day: number, more: Partial<SnapshotEntry> = {}): SnapshotEntry {
  const time = new Date(Date.UTC(2026, 10, day));
  const invoker = "backupconfiguration/demo/nightly";
  const usual = {
    id,
    shortId: id,
    time,
    host: "host-0",
    target,
    invoker,
    complete: true,
    streams: undefined,
    bytes: 1,
  };
  return { ...usual, ...more };
}
const stash = { target: "", invoker: "", complete: false };

describe("the latest snapshot is", () => {
  test.each([
    ["the newest", [entry("a", 1), entry("b", 2)], {}, "b"],
    ["not an incomplete one", [entry("a", 1), entry("b", 2, { complete: false })], {}, "a"],
    ["the newest of its host", [entry("a", 1, { host: "x" }), entry("b", 2)], { host: "x" }, "a"],
    ["of whatever host when none is named", [entry("a", 1), entry("b", 2, { host: "x" })], {}, "b"],
    [
      "the same AppBinding's before a newer one of another",
      [entry("a", 1), entry("b", 2, { target: "appbinding/demo/o" })],
      {},
      "a",
    ],
    ["another AppBinding's when there is only that: a move", [entry("a", 1, { target: "appbinding/old/o" })], {}, "a"],
    ["Stash's when there is nothing else", [entry("a", 1, stash), entry("b", 2, stash)], {}, "b"],
    ["its own before Stash's newer ones", [entry("a", 1), entry("b", 2, stash)], {}, "a"],
    [
      "one that was asked for the streams",
      [entry("a", 1), entry("b", 2, { streams: ["X"] })],
      { streams: ["ORDERS"] },
      "a",
    ],
  ])("%s", (_title, entries, wish, id) => {
    expect(chooseLatest(entries, { target, streams: [], ...wish }).id).toBe(id);
  });
});

describe("there is no latest when", () => {
  const [one, other] = [{ target: "appbinding/a/a" }, { target: "appbinding/b/b" }];
  test.each([
    ["there is none", [], {}, "there is none"],
    ["the host has none", [entry("a", 1)], { host: "x" }, "latest snapshot of host x: there is none"],
    ["all are incomplete", [entry("a", 1, { complete: false })], {}, "only incomplete ones"],
    ["none has the streams", [entry("a", 1, { streams: ["X"] })], { streams: ["Y"] }, "none with the streams Y"],
    ["they are of several others", [entry("a", 1, one), entry("b", 2, other)], {}, `no snapshot is of ${target}`],
  ])("%s", (_title, entries, wish, message) => {
    expect(() => chooseLatest(entries, { target, streams: [], ...wish })).toThrow(message);
  });
});
