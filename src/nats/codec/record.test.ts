import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Failure } from "../../kit/failures.ts";
import type { StoredMessage } from "../message.ts";
import { BlockBuilder, readRecords, recordBytes, recordKey, reseal, verifyRecords } from "./record.ts";

const message = (sequence: bigint, more: Partial<StoredMessage> = {}): StoredMessage => ({
  sequence,
  timestamp: 1_763_719_200_123_456_789n,
  subject: Buffer.from("orders.eu"),
  header: new Uint8Array(0),
  payload: Buffer.from("hello"),
  ...more,
});

const header = Buffer.from("NATS/1.0\r\nA: b\r\n\r\n");

/** Ascending, most of them above 2^40. */
const messages: fc.Arbitrary<StoredMessage[]> = fc
  .array(
    fc.record({
      sequence: fc.bigInt({ min: 1n, max: 2n ** 55n }),
      timestamp: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      subject: fc.uint8Array({ maxLength: 60 }),
      header: fc.uint8Array({ maxLength: 80 }),
      payload: fc.uint8Array({ maxLength: 200 }),
    }),
    { maxLength: 12 },
  )
  .map((all) => {
    let sequence = 2n ** 40n;
    return all.map((each) => {
      sequence += each.sequence;
      return { ...each, sequence };
    });
  });

function build(all: Iterable<StoredMessage>, key = recordKey("EX", 1n)): Uint8Array {
  const builder = new BlockBuilder();
  for (const each of all) builder.add(each);
  return builder.seal(key);
}

function failsWith(text: string | RegExp, act: () => unknown): void {
  expect(act).toThrow(Failure);
  expect(act).toThrow(text);
}

describe("a block", () => {
  test("reads back what was built, bytes and 64-bit numbers exact", () => {
    const property = fc.property(messages, (all) => {
      const block = build(all);
      expect(block.length).toBe(all.reduce((sum, each) => sum + recordBytes(each), 0));
      const read = [...readRecords(block, recordKey("EX", 1n))];
      expect(read.map(({ kind, offset, length, ...each }) => each)).toEqual(all);
      expect(read.every(({ kind }) => kind === "message")).toBe(true);
      expect(verifyRecords(block, recordKey("EX", 1n))).toBe(all.length);
    });
    fc.assert(property);
  });

  test("is laid out as the server's", () => {
    const block = Buffer.from(build([message(0x1_0000_0002n, { header })]));
    expect(block.readUInt32LE(0)).toBe((block.length | 0x80000000) >>> 0);
    expect(block.readBigUInt64LE(4)).toBe(0x1_0000_0002n);
    expect(block.readBigInt64LE(12)).toBe(1_763_719_200_123_456_789n);
    expect(block.readUInt16LE(20)).toBe(9);
    expect(block.subarray(22, 31).toString()).toBe("orders.eu");
    expect(block.readUInt32LE(31)).toBe(header.length);
    expect(block.subarray(35, -8).toString()).toBe(`${header}hello`);
  });

  test("is valid in its stream and under its number only", () => {
    const block = build([message(1n)]);
    failsWith("offset 0: its checksum", () => verifyRecords(block, recordKey("EX", 2n)));
    failsWith("offset 0: its checksum", () => verifyRecords(block, recordKey("EY", 1n)));
    const copy = reseal(block, recordKey("EY", 2n));
    expect(verifyRecords(copy, recordKey("EY", 2n))).toBe(1);
    expect(verifyRecords(block, recordKey("EX", 1n))).toBe(1);
  });

  test("is copied by reseal, a Buffer too", () => {
    const block = Buffer.from(build([message(1n)]));
    reseal(block, recordKey("other", 9n));
    expect(verifyRecords(block, recordKey("EX", 1n))).toBe(1);
  });

  test("shows a flip of any bit, but for the lengths of subject and header, which no server's checksum covers", () => {
    const block = build([message(5n, { header }), message(2n ** 41n)]);
    const second = recordBytes(message(5n, { header }));
    const uncovered = new Set([20, 21, 31, 32, 33, 34, second + 20, second + 21]);
    for (let at = 0; at < block.length; at++) {
      for (const bit of [1, 8, 128]) {
        const bad = block.slice();
        bad[at] = (bad[at] ?? 0) ^ bit;
        if (!uncovered.has(at)) failsWith(/record at offset/, () => verifyRecords(bad, recordKey("EX", 1n)));
      }
    }
  });

  test("names where the damage is", () => {
    const block = build([message(1n), message(2n)]);
    block[recordBytes(message(1n)) + 25] = 0;
    failsWith(`offset ${recordBytes(message(1n))}`, () => [...readRecords(block, recordKey("EX", 1n))]);
  });

  test.each([
    ["a cut", (block: Buffer) => block.subarray(0, -1)],
    ["a cut within the next record's head", (block: Buffer) => Buffer.concat([block, Buffer.alloc(29)])],
    ["a length below the smallest", (block: Buffer) => patch(block, 0, 29)],
    ["a length beyond the block", (block: Buffer) => patch(block, 0, block.length + 1)],
    ["a subject beyond the record", (block: Buffer) => block.fill(0xff, 20, 22)],
    ["a header beyond the record", (block: Buffer) => patch(block, 31, 1000)],
  ])("refuses %s", (_title, bend) => {
    const block = bend(Buffer.from(build([message(1n, { header })])));
    failsWith("record at offset", () => [...readRecords(block)]);
    failsWith("record at offset", () => verifyRecords(block, recordKey("EX", 1n)));
    failsWith("record at offset", () => reseal(block, recordKey("EX", 1n)));
  });
});

describe("the builder", () => {
  test("copies records as they are", () => {
    const property = fc.property(messages, (all) => {
      const block = build(all);
      const builder = new BlockBuilder();
      for (const record of readRecords(block)) builder.addRecord(block, record);
      expect(builder.messages).toBe(all.length);
      expect(Buffer.compare(builder.seal(recordKey("EX", 1n)), block)).toBe(0);
    });
    fc.assert(property);
  });

  test("writes tombstones of 30 bytes that count as no message", () => {
    const builder = new BlockBuilder();
    builder.addTombstone(2n ** 45n + 1n, 77n);
    expect([builder.size, builder.messages, builder.firstSequence, builder.lastSequence]).toEqual([
      30,
      0,
      undefined,
      undefined,
    ]);
    const [record] = [...readRecords(builder.seal(recordKey("EX", 3n)), recordKey("EX", 3n))];
    expect(record).toMatchObject({
      kind: "tombstone",
      sequence: 2n ** 45n + 1n,
      timestamp: 77n,
      offset: 0,
      length: 30,
    });
  });

  test("knows its range and is empty after sealing", () => {
    const builder = new BlockBuilder();
    builder.add(message(7n));
    builder.add(message(9n));
    expect([builder.messages, builder.firstSequence, builder.lastSequence]).toEqual([2, 7n, 9n]);
    builder.seal(recordKey("EX", 1n));
    expect([builder.size, builder.messages, builder.firstSequence, builder.lastSequence]).toEqual([
      0,
      0,
      undefined,
      undefined,
    ]);
    builder.add(message(1n));
    expect(builder.firstSequence).toBe(1n);
  });

  test.each([
    ["the same sequence", [message(5n), message(5n)]],
    ["a lower sequence", [message(5n), message(4n)]],
    ["sequence 0", [message(0n)]],
    ["a subject of 65,536 bytes", [message(1n, { subject: new Uint8Array(65536) })]],
    ["a record above 32 MiB", [message(1n, { payload: new Uint8Array(32 * 1024 * 1024) })]],
  ])("refuses %s", (_title, all) => failsWith("message", () => build(all)));

  test("reads erased records of old and new servers", () => {
    const block = Buffer.from(build([message(5n), message(6n)]));
    block.writeBigUInt64LE(5n | (1n << 63n), 4);
    block.writeBigUInt64LE(0n, recordBytes(message(5n)) + 4);
    expect([...readRecords(block)].map(({ kind, sequence }) => [kind, sequence])).toEqual([
      ["erased", 5n],
      ["erased", 0n],
    ]);
  });
});

function patch(block: Buffer, at: number, value: number): Buffer {
  block.writeUInt32LE(value, at);
  return block;
}
