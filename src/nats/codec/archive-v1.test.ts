import { describe, expect, test } from "vitest";
import { consumerFiles, metaFiles } from "./archive.ts";
import { decode, reframe } from "./archive-samples.ts";
import { BlockBuilder, recordKey } from "./record.ts";
import { tarEnd, tarEntry } from "./tar.ts";

const created = "2026-11-21T08:05:07.569944775Z";
const config = { name: "EX", subjects: ["ex.>"] };
const consumer = {
  name: "C1",
  config: { name: "C1" },
  created,
  state: {
    delivered: { consumer: 2n, stream: 2n },
    ackFloor: { consumer: 1n, stream: 1n },
    pending: new Map(),
    redelivered: new Map(),
  },
};

function block(number: bigint, sequence = number, stream = "EX"): [string, Uint8Array] {
  const builder = new BlockBuilder();
  const empty = new Uint8Array(0);
  builder.add({ sequence, timestamp: 1n, subject: Buffer.from("ex.a"), header: empty, payload: empty });
  return [`msgs/${number}.blk`, builder.seal(recordKey(stream, number))];
}

describe("a V1 archive", () => {
  const meta = metaFiles(config, created);
  const consumerOf = consumerFiles("EX", consumer);
  const tarOf = (entries: readonly (readonly [string, Uint8Array])[]) =>
    reframe(Buffer.concat([...entries.flatMap(([name, bytes]) => tarEntry(name, bytes)), tarEnd]));

  test("passes with holes between block numbers, with caches and without, on Windows too", () => {
    const windows = consumerOf.map(([name, bytes]) => [name.replaceAll("/", "\\"), bytes] as const);
    const entries = [...meta, block(1n), block(5n), ["msgs/index.db", Uint8Array.of(1)] as const, ...windows];
    expect(decode(tarOf(entries)).map(({ kind }) => kind)).toEqual(["format", "meta", "block", "block", "consumer"]);
    expect(decode(tarOf(meta))).toHaveLength(2);
  });

  test.each([
    [
      "errors.txt",
      [...meta, block(1n), ["errors.txt", Buffer.from("could not read message block [2]: gone")] as const],
      "snapshot-aborted",
      "could not read message block [2]: gone",
    ],
    [
      "errors.txt alone",
      [["errors.txt", Buffer.from("no meta")] as const],
      "snapshot-aborted",
      "the server gave up: no meta",
    ],
    ["no configuration", [], "snapshot-incomplete", "its configuration is missing"],
    ["a configuration without checksum", meta.slice(0, 1), "snapshot-incomplete", "its configuration is missing"],
    ["a checksum without configuration", meta.slice(1), "damaged", "without meta.inf"],
    ["another configuration's checksum", [meta[0], metaFiles(config, "x")[1]], "damaged", "checksum does not match"],
    ["two configurations", [...meta, ...meta], "damaged", "meta.inf comes twice"],
    ["a configuration that is no JSON", [["meta.inf", Buffer.from("{")] as const], "damaged", "meta.inf"],
    ["another stream's configuration", metaFiles({ name: "EY" }, created), "damaged", "it is of stream EY"],
    ["a block before the configuration", [block(1n), ...meta], "damaged", "comes before the configuration"],
    ["another stream's block", [...meta, block(1n, 1n, "EY")], "damaged", "block 1: record at offset 0"],
    [
      "a block under another number",
      [...meta, ["msgs/2.blk", block(1n)[1]] as const],
      "damaged",
      "block 2: record at offset 0",
    ],
    ["blocks that do not ascend", [...meta, block(2n), block(1n)], "damaged", "block 1 follows block 2"],
    [
      "a consumer without state",
      [...meta, ...consumerOf.slice(0, 2)],
      "snapshot-incomplete",
      "consumer C1 lacks a file",
    ],
    [
      "a consumer without checksum",
      [...meta, consumerOf[0], consumerOf[2]],
      "snapshot-incomplete",
      "consumer C1 lacks a file",
    ],
    ["a consumer's file twice", [...meta, consumerOf[0], consumerOf[0]], "damaged", "comes twice"],
    [
      "a consumer with a wrong checksum",
      [...meta, consumerOf[0], ["obs/C1/meta.sum", Buffer.from("0".repeat(16))] as const, consumerOf[2]],
      "damaged",
      "consumer C1: meta.inf does not match",
    ],
    [
      "another consumer's files",
      [...meta, ...consumerOf.map(([name, bytes]) => [name.replace("C1", "C2"), bytes] as const)],
      "damaged",
      "consumer C2",
    ],
    [
      "a consumer's damaged state",
      [...meta, consumerOf[0], consumerOf[1], ["obs/C1/o.dat", Uint8Array.of(1)] as const],
      "damaged",
      "consumer C1: consumer state",
    ],
    [
      "an unknown entry",
      [...meta, ["msgs/1.new", Uint8Array.of(1)] as const],
      "damaged",
      "unexpected entry msgs/1.new",
    ],
    ["an old server's index", [...meta, ["msgs/1.idx", Uint8Array.of(1)] as const], "server-too-old", "before 2.10"],
    ["an old server's subjects", [...meta, ["msgs/1.fss", Uint8Array.of(1)] as const], "server-too-old", "before 2.10"],
  ])("does not pass with %s", (_title, entries, code, message) => {
    const present = entries.flatMap((entry) => (entry === undefined ? [] : [entry]));
    expect(() => decode(tarOf(present))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});
