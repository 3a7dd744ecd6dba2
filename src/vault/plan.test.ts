import { describe, expect, test } from "vitest";
import type { JsonObject } from "../kit/json.ts";
import type { StreamInfo } from "../nats/stream.ts";
import type { Manifest, ManifestConsumer } from "./manifest.ts";
import { decideStream, type RestoreWishes, subjectsOverlap } from "./plan.ts";

const now = new Date("2026-06-01T00:00:00Z");
const day = 24n * 3600n * 1_000_000_000n;

function consumer(name: string, config: JsonObject = {}): ManifestConsumer {
  const floor = { consumer: 0n, stream: 0n };
  const state = { delivered: floor, ackFloor: floor, pending: [], redelivered: [] };
  return { name, folder: name, created: "2026-01-01T00:00:00Z", config, exact: "exact", notes: [], state };
}

function manifest(config: JsonObject = {}, consumers: ManifestConsumer[] = []): Manifest {
  const state = {
    messages: 3n,
    bytes: 300n,
    firstSequence: 1n,
    lastSequence: 3n,
    firstTime: "2026-05-01T00:00:00Z",
    lastTime: "2026-05-02T00:00:00Z",
  };
  return {
    format: 1n,
    stream: "ORDERS",
    folder: "ORDERS-0",
    created: "2026-01-01T00:00:00Z",
    config: { name: "ORDERS", subjects: ["orders.>"], storage: "file", ...config },
    server: { name: "s", version: "2.12.15" },
    strategy: "snapshot",
    why: "",
    consistency: "exact",
    kept: 0n,
    rounds: 1n,
    reference: {},
    state,
    live: [[1n, 3n]],
    digest: "",
    indexDigest: "",
    segments: [],
    tombstones: null,
    consumers,
  };
}

function existing(...streams: readonly (readonly [string, string])[]): StreamInfo[] {
  const state = {
    messages: 0n,
    bytes: 0n,
    first_seq: 0n,
    first_ts: "",
    last_seq: 0n,
    last_ts: "",
    consumer_count: 0n,
    num_subjects: 0n,
    num_deleted: 0n,
  };
  return streams.map(([name, subject]) => ({ config: { name, subjects: [subject] }, created: "", state }));
}

const plain: RestoreWishes = { onConflict: "fail", renames: new Map(), liftLimits: false };
const renamed: RestoreWishes = { ...plain, renames: new Map([["ORDERS", "COPY"]]) };

describe("what a restore does with one stream", () => {
  test.each<[string, Manifest, StreamInfo[], RestoreWishes, object]>([
    ["restores it where nothing is in the way", manifest(), [], plain, { action: "restore", as: "ORDERS" }],
    [
      "refuses when it exists",
      manifest(),
      existing(["ORDERS", "o"]),
      plain,
      { action: "refuse", reason: "stream ORDERS exists on the server" },
    ],
    ["skips when told to", manifest(), existing(["ORDERS", "o"]), { ...plain, onConflict: "skip" }, { action: "skip" }],
    [
      "takes another name when told to",
      manifest(),
      existing(["ORDERS", "orders.>"]),
      { ...plain, onConflict: "rename" },
      { action: "restore", as: "ORDERS-restored", config: { subjects: ["ORDERS-restored"] } },
    ],
    [
      "takes a name that is free",
      manifest(),
      existing(["ORDERS", "orders.>"], ["ORDERS-restored", "x"]),
      { ...plain, onConflict: "rename" },
      { as: "ORDERS-restored-2" },
    ],
    [
      "refuses overlapping subjects",
      manifest(),
      existing(["OTHER", "orders.new"]),
      plain,
      { action: "refuse", reason: "its subjects overlap those of stream OTHER" },
    ],
    [
      "keeps its subjects under another name",
      manifest(),
      [],
      renamed,
      { as: "COPY", config: { subjects: ["orders.>"] } },
    ],
    [
      "makes a quiet copy beside the original: nothing is sent out, nothing copied in",
      manifest({ republish: { src: ">", dest: "x" }, sources: [{ name: "A" }] }, [
        consumer("push", { deliver_subject: "d" }),
        consumer("pull"),
      ]),
      existing(["ORDERS", "orders.>"]),
      renamed,
      { consumers: 1, manifest: { consumers: [{ name: "pull" }] }, config: { subjects: ["COPY"] } },
    ],
    [
      "keeps all of a renamed stream whose original is gone",
      manifest({ sources: [{ name: "A" }] }, [consumer("push", { deliver_subject: "d" })]),
      [],
      renamed,
      { consumers: 1, config: { sources: [{ name: "A" }] } },
    ],
    [
      "makes room for a memory stream that was full",
      manifest({ storage: "memory", max_bytes: 200n }),
      [],
      { ...plain, storage: "file" },
      { action: "restore", config: { storage: "file", max_bytes: 300n } },
    ],
    [
      "leaves the limit of one that was not full",
      manifest({ storage: "memory", max_bytes: 400n }),
      [],
      { ...plain, storage: "file" },
      { action: "restore", config: { storage: "file", max_bytes: 400n } },
    ],
    [
      "gives up its subjects beside the original",
      manifest(),
      existing(["ORDERS", "orders.>"]),
      renamed,
      { action: "restore", as: "COPY", config: { subjects: ["COPY"] } },
    ],
    [
      "refuses a new name that is taken",
      manifest(),
      existing(["COPY", "c"]),
      renamed,
      { action: "refuse", reason: "stream COPY exists on the server" },
    ],
    [
      "refuses memory storage",
      manifest({ storage: "memory" }),
      [],
      plain,
      { action: "refuse", reason: expect.stringContaining("--storage file") },
    ],
    [
      "makes a file stream of it when told to",
      manifest({ storage: "memory" }),
      [],
      { ...plain, storage: "file" },
      { action: "restore", config: { storage: "file" } },
    ],
    [
      "refuses what would expire at once",
      manifest({ max_age: day }),
      [],
      plain,
      { action: "refuse", reason: expect.stringContaining("--lift-limits") },
    ],
    [
      "lifts the age limit when told to",
      manifest({ max_age: day }),
      [],
      { ...plain, liftLimits: true },
      { action: "restore", config: { max_age: 0n } },
    ],
    [
      "says that a part may expire",
      manifest({ max_age: 60n * day }),
      [],
      plain,
      { action: "restore", notes: [expect.stringContaining("max_age")] },
    ],
    [
      "changes the replicas",
      manifest({ num_replicas: 3n }),
      [],
      { ...plain, replicas: 1 },
      { config: { num_replicas: 1n } },
    ],
  ])("%s", (_title, given, streams, wishes, expected) => {
    expect(decideStream(given, { streams, now }, wishes)).toMatchObject(expected);
  });
});

test("a quiet copy says what it was left without", () => {
  const given = manifest({ republish: { src: ">", dest: "x" } }, [consumer("push", { deliver_subject: "d" })]);
  const { config, notes } = decideStream(given, { streams: existing(["ORDERS", "orders.>"]), now }, renamed);
  expect(config.republish).toBeUndefined();
  expect(notes).toEqual([
    expect.stringContaining("listens to COPY only"),
    expect.stringContaining("republish was left out"),
    expect.stringContaining("consumer push was left out"),
  ]);
});

describe("subjects overlap", () => {
  test.each([
    ["a.b", "a.b", true],
    ["a.b", "a.c", false],
    ["a.*", "a.c", true],
    ["a.>", "a", false],
    ["a.>", "a.b.c", true],
    ["*.b", "a.*", true],
    ["*.b.c", "a.>", true],
    [">", "x", true],
    ["a", "a.b", false],
  ])("%s and %s: %s", (a, b, expected) => {
    expect(subjectsOverlap(a, b)).toBe(expected);
    expect(subjectsOverlap(b, a)).toBe(expected);
  });
});
