import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { JsonObject } from "../../kit/json.ts";
import type { StoredMessage } from "../message.ts";
import type { StoredConsumer } from "../stream.ts";
import { consumerFiles, metaFiles } from "./archive.ts";
import { metaSum } from "./archive-meta.ts";
import { decode, decompress, fixture } from "./archive-samples.ts";
import { ArchiveWriter } from "./archive-writer.ts";
import { BlockBuilder, readRecords, recordKey } from "./record.ts";
import { s2StreamIdentifier } from "./s2.ts";
import { TarReader } from "./tar.ts";

const folder = mkdtempSync(join(tmpdir(), "coldstream-archive-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(entries: Iterable<readonly [string, Uint8Array]>): Uint8Array[] {
  const writer = new ArchiveWriter();
  const frames: Uint8Array[] = [];
  for (const [name, bytes] of entries) frames.push(...writer.entry(name, bytes));
  frames.push(...writer.end());
  return frames;
}

const config: JsonObject = { name: "EX", subjects: ["ex.>"], max_age: 9_007_199_254_740_993n, metadata: { ü: ">" } };
const created = "2026-11-21T08:05:07.569944775+02:00";

const consumer = (name: string, more: Partial<StoredConsumer> = {}): StoredConsumer => ({
  name,
  config: { name, durable_name: name, ack_wait: 9_007_199_254_740_993n },
  created,
  state: {
    delivered: { consumer: 2n ** 60n, stream: 2n ** 61n },
    ackFloor: { consumer: 7n, stream: 9n },
    pending: new Map([[10n, { consumer: 8n, timestamp: 1_763_719_200_000_000_000n }]]),
    redelivered: new Map([[10n, 3n]]),
  },
  ...more,
});

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));

const message = (sequence: bigint): StoredMessage => ({
  sequence,
  timestamp: 1_763_719_200_123_456_789n,
  subject: bytesOf("ex.ü"),
  header: sequence % 2n === 0n ? bytesOf("NATS/1.0\r\nA: b\r\n\r\n") : new Uint8Array(0),
  payload: new Uint8Array(Number(sequence % 100n)).fill(3),
});

const longName = "n".repeat(240);

function sample(): [string, Uint8Array][] {
  const builder = new BlockBuilder();
  for (let sequence = 1n; sequence <= 20_000n; sequence++) builder.add(message(sequence));
  const first = builder.seal(recordKey("EX", 1n));
  builder.addTombstone(30_000n, 5n);
  const last = builder.seal(recordKey("EX", 7n));
  return [
    ...metaFiles(config, created),
    ["msgs/1.blk", first],
    ["msgs/7.blk", last],
    ...consumerFiles("EX", consumer("C1")),
    ...consumerFiles("EX", consumer(longName)),
  ];
}

test("writes what the decoder reads back", () => {
  const events = decode(write(sample()));
  expect(events.map(({ kind }) => kind)).toEqual(["format", "meta", "block", "block", "consumer", "consumer"]);
  const [, meta, first, last, ...consumers] = events;
  expect(meta).toEqual({
    kind: "meta",
    text: `{"Created":"${created}","name":"EX","subjects":["ex.>"],"max_age":9007199254740993,"metadata":{"ü":">"}}`,
  });
  const records = first?.kind === "block" ? [...readRecords(first.bytes)] : [];
  expect(records).toHaveLength(20_000);
  expect(records[4321]).toMatchObject({ kind: "message", ...message(4322n) });
  const ends = last?.kind === "block" ? [...readRecords(last.bytes)] : [];
  expect(ends).toMatchObject([{ kind: "tombstone", sequence: 30_000n, timestamp: 5n }]);
  expect(consumers).toEqual(["C1", longName].map((name) => ({ kind: "consumer", consumer: consumer(name) })));
});

test("writes what GNU tar reads", () => {
  const entries = sample();
  writeFileSync(join(folder, "stream.tar"), decompress(Buffer.concat(write(entries))));
  const tar = (...args: readonly string[]) => execFileSync("tar", args, { cwd: folder, maxBuffer: 1 << 26 });
  expect(tar("-tf", "stream.tar").toString().trimEnd().split("\n")).toEqual(entries.map(([name]) => name));
  for (const [name, bytes] of entries) expect(Buffer.compare(tar("-xOf", "stream.tar", name), bytes)).toBe(0);
});

test("yields whole frames of at most 1 MiB, the identifier first", () => {
  const sizes = fc.array(fc.oneof(fc.nat(3000), fc.integer({ min: 1_000_000, max: 1_100_000 })), { maxLength: 8 });
  const property = fc.property(sizes, (given) => {
    const entries = given.map((size, index) => [`f${index}`, new Uint8Array(size).fill(index)] as const);
    const [identifier, ...frames] = write(entries);
    expect(identifier).toEqual(s2StreamIdentifier);
    for (const frame of frames) {
      expect(frame[0]).toBe(1);
      expect(frame.length).toBeLessThanOrEqual(8 + 1024 * 1024);
      expect(Buffer.from(frame).readUIntLE(1, 3)).toBe(frame.length - 4);
    }
    const reader = new TarReader();
    const found = [...reader.push(decompress(Buffer.concat([s2StreamIdentifier, ...frames])))];
    reader.end();
    expect(found.map(({ name, bytes }) => [name, bytes.length])).toEqual(
      entries.map(([name, bytes]) => [name, bytes.length]),
    );
  });
  fc.assert(property, { numRuns: 15 });
});

test("seals meta.inf as the server does", () => {
  const files = new Map<string, Uint8Array>();
  for (const { name, bytes } of new TarReader().push(decompress(fixture("2.14.5")))) files.set(name, bytes);
  const text = (name: string) => Buffer.from(files.get(name) ?? "").toString();
  expect(metaSum("EX", Buffer.from(text("meta.inf")))).toBe(text("meta.sum"));
  expect(metaSum("EX/C1", Buffer.from(text("obs/C1/meta.inf")))).toBe(text("obs/C1/meta.sum"));
});

test("writes an unknown creation time as the time that Go takes for unset", () => {
  const [[, meta] = ["", new Uint8Array(0)]] = consumerFiles("EX", consumer("C1", { created: undefined }));
  expect(Buffer.from(meta).toString()).toMatch(/^\{"Created":"0001-01-01T00:00:00Z","Name":"C1","name":"C1"/);
});
