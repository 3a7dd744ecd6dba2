import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findProgram } from "../../../tests/support/programs.ts";
import { Failure } from "../../kit/failures.ts";
import { chunks, decompress, fixture } from "./archive-samples.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { paddingFrame, S2Decoder, s2StreamIdentifier, storedFrames } from "./s2.ts";
import { decodeBlock } from "./s2-block.ts";
import { writeUvarint } from "./varint.ts";

function frame(type: number, body: Uint8Array, length = body.length): Uint8Array {
  return Buffer.concat([Uint8Array.of(type, length & 0xff, (length >>> 8) & 0xff, length >>> 16), body]);
}

function checksum(decoded: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(maskedCrc32c(decoded));
  return bytes;
}

function compressedFrame(block: Uint8Array, decoded: Uint8Array, length = decoded.length): Uint8Array {
  const size: number[] = [];
  writeUvarint(size, BigInt(length));
  return frame(0, Buffer.concat([checksum(decoded), Uint8Array.from(size), block]));
}

function decode(...pieces: readonly Uint8Array[]): Uint8Array {
  const decoder = new S2Decoder();
  const decoded = pieces.flatMap((piece) => [...decoder.push(piece)]);
  decoder.end();
  return Buffer.concat(decoded);
}

type Element = { literal: Uint8Array } | { offset: number; length: number; form: 1 | 2 | 4 } | { repeat: number };

const element: fc.Arbitrary<Element> = fc.oneof(
  fc.record({ literal: fc.uint8Array({ minLength: 1, maxLength: 400 }) }),
  fc.record({
    offset: fc.integer({ min: 1, max: 2047 }),
    length: fc.integer({ min: 4, max: 11 }),
    form: fc.constant(1 as const),
  }),
  fc.record({
    offset: fc.integer({ min: 1, max: 65535 }),
    length: fc.integer({ min: 1, max: 64 }),
    form: fc.constant(2 as const),
  }),
  fc.record({
    offset: fc.integer({ min: 1, max: 70000 }),
    length: fc.integer({ min: 1, max: 64 }),
    form: fc.constant(4 as const),
  }),
  fc.record({ repeat: fc.oneof(fc.integer({ min: 4, max: 600 }), fc.integer({ min: 65000, max: 70000 })) }),
);

const little = (value: number, count: number) => Array.from({ length: count }, (_, at) => (value >>> (8 * at)) & 0xff);

function literal(bytes: Uint8Array): number[] {
  const code = bytes.length - 1;
  if (code < 60) return [code << 2, ...bytes];
  return code < 256 ? [60 << 2, code, ...bytes] : [61 << 2, ...little(code, 2), ...bytes];
}

/** S2's repeat codes as klauspost/compress/s2 writes them (encode_go.go emitRepeat). */
function repeat(length: number): number[] {
  const code = (value: number) => (value << 2) | 1;
  if (length <= 8) return [code(length - 4), 0];
  if (length < 8 + 256) return [code(5), 0, ...little(length - 8, 1)];
  if (length < 260 + 65536) return [code(6), 0, ...little(length - 260, 2)];
  return [code(7), 0, ...little(length - 65540, 3)];
}

function copy(offset: number, length: number, form: 1 | 2 | 4): number[] {
  if (form === 1) return [((offset >>> 8) << 5) | ((length - 4) << 2) | 1, offset & 0xff];
  return [((length - 1) << 2) | (form === 2 ? 2 : 3), ...little(offset, form)];
}

/** What the elements mean, computed the simplest way, and how they are written. Elements that are not possible are left out. */
function model(elements: readonly Element[]): { readonly block: Uint8Array; readonly decoded: Uint8Array } {
  const block: number[] = [];
  const decoded: number[] = [];
  let last = 0;
  const append = (offset: number, length: number) => {
    for (let count = 0; count < length; count++) decoded.push(decoded[decoded.length - offset] ?? -1);
    last = offset;
  };
  for (const each of elements) {
    if ("literal" in each) {
      block.push(...literal(each.literal));
      decoded.push(...each.literal);
    } else if ("repeat" in each) {
      if (last === 0) continue;
      block.push(...repeat(each.repeat));
      append(last, each.repeat);
    } else if (each.offset <= decoded.length) {
      block.push(...copy(each.offset, each.length, each.form));
      append(each.offset, each.length);
    }
  }
  return { block: Uint8Array.from(block), decoded: Uint8Array.from(decoded) };
}

describe("a block", () => {
  test("decodes literals, copies of all forms and repeats of all lengths", () => {
    const property = fc.property(fc.array(element, { maxLength: 25 }), (elements) => {
      const { block, decoded } = model(elements);
      const target = new Uint8Array(decoded.length);
      decodeBlock(block, target);
      expect(Buffer.compare(target, decoded)).toBe(0);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test.each([
    ["a literal longer than the block", [12, 1, 2], 4],
    ["a literal longer than the target", [12, 1, 2, 3, 4], 3],
    ["a target that stays short", [4, 1, 2], 3],
    ["a copy from before the start", [0, 7, 5, 2], 6],
    ["a copy with offset 0", [0, 7, 14, 0, 0], 5],
    ["a repeat before any copy", [0, 7, 1, 0], 5],
    ["a copy longer than the target", [0, 7, 1 | (4 << 2), 1], 5],
    ["a copy cut short", [0, 7, 14, 1], 5],
    ["a literal of 4 GiB", [63 << 2, 0xff, 0xff, 0xff, 0xff, 1], 8],
  ])("refuses %s", (_title, block, size) => {
    expect(() => decodeBlock(Uint8Array.from(block), new Uint8Array(size))).toThrow(Failure);
  });

  test("refuses or fills exactly, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(300), (block, size) => {
        try {
          decodeBlock(block, new Uint8Array(size));
        } catch (error) {
          expect(Failure.is(error, "damaged")).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a stream", () => {
  test("decodes what storedFrames writes, in chunks of any size", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (bytes, size) => {
      const stream = Buffer.concat([s2StreamIdentifier, paddingFrame, ...storedFrames(bytes), paddingFrame]);
      expect(Buffer.compare(decode(...chunks(stream, () => size)), bytes)).toBe(0);
    });
    fc.assert(property);
  });

  test("stores at most 1 MiB in a frame", () => {
    const bytes = new Uint8Array(2 * 1024 * 1024 + 5).map((_, at) => at * 7);
    const frames = [...storedFrames(bytes)];
    expect(frames.map((each) => each.length)).toEqual([1048584, 1048584, 13]);
    expect(Buffer.compare(decode(s2StreamIdentifier, ...frames), bytes)).toBe(0);
  });

  test("gives memory of its own", () => {
    const stream = new Uint8Array(Buffer.concat([s2StreamIdentifier, ...storedFrames(Uint8Array.of(1, 2, 3))]));
    const [piece] = [...new S2Decoder().push(stream)];
    stream.fill(0);
    expect(piece).toEqual(Uint8Array.of(1, 2, 3));
  });

  const { block, decoded } = model([
    { literal: Buffer.from("abcdefgh") },
    { offset: 4, length: 9, form: 1 },
    { repeat: 300 },
  ]);

  test("decodes compressed frames", () => {
    expect(Buffer.compare(decode(s2StreamIdentifier, compressedFrame(block, decoded)), decoded)).toBe(0);
  });

  const stored = frame(1, Buffer.concat([checksum(Uint8Array.of(9)), Uint8Array.of(9)]));

  test.each([
    ["content before the identifier", [stored], "no identifier"],
    ["padding before the identifier", [paddingFrame, s2StreamIdentifier], "no identifier"],
    ["Snappy's identifier", [frame(0xff, Buffer.from("sNaPpY"))], "another one"],
    ["a wrong checksum", [s2StreamIdentifier, frame(1, Uint8Array.of(1, 2, 3, 4, 9))], "checksum"],
    [
      "a wrong checksum of a compressed frame",
      [
        s2StreamIdentifier,
        compressedFrame(
          block,
          decoded.map((byte) => byte ^ 1),
        ),
      ],
      "checksum",
    ],
    ["a frame without room for its checksum", [s2StreamIdentifier, frame(1, Uint8Array.of(1, 2))], "impossible length"],
    ["an empty compressed frame", [s2StreamIdentifier, frame(0, new Uint8Array(0))], "cut short"],
    ["a reserved frame", [s2StreamIdentifier, frame(0x02, Uint8Array.of(1))], "0x02"],
    [
      "a skippable frame, which could be a data frame with one bad bit",
      [s2StreamIdentifier, frame(0x80, stored.subarray(4))],
      "0x80",
    ],
    ["padding that is not zero", [s2StreamIdentifier, frame(0xfe, stored.subarray(4))], "not zero"],
    ["an oversized frame", [s2StreamIdentifier, frame(1, new Uint8Array(0), 0xffffff)], "at most"],
    [
      "an oversized block",
      [s2StreamIdentifier, compressedFrame(block, decoded, 4 * 1024 * 1024 + 1)],
      "at most 4194304",
    ],
  ])("refuses %s", (_title, frames, message) => {
    expect(() => decode(...frames)).toThrow(message);
    expect(() => decode(...chunks(Buffer.concat(frames), () => 1))).toThrow(message);
  });

  test("is incomplete wherever it is cut within a frame, and when it is empty", () => {
    const stream = Buffer.concat([s2StreamIdentifier, stored]);
    for (let end = 0; end < stream.length; end++) {
      if (end === s2StreamIdentifier.length) continue;
      expect(() => decode(stream.subarray(0, end))).toThrow(expect.objectContaining({ code: "snapshot-incomplete" }));
    }
  });
});

describe("s2c, the reference's own compressor,", () => {
  const program = findProgram("s2c");
  const inputs: readonly (readonly [string, () => Uint8Array])[] = [
    ["text", () => readFileSync(join(import.meta.dirname, "../../../package-lock.json"))],
    ["blocks of messages", () => decompress(fixture("2.14.5"))],
    ["zeros", () => new Uint8Array(5_000_000)],
    ["one byte", () => Uint8Array.of(65)],
  ];

  test.skipIf(program === undefined).each(inputs)("writes %s for S2Decoder to read", (_title, input) => {
    const bytes = input();
    for (const options of [[], ["-faster"], ["-slower"], ["-blocksize", "64K"]]) {
      const args = ["-q", "-c", "-index=false", ...options, "-"];
      const stream = execFileSync(program ?? "s2c", args, { input: bytes, maxBuffer: 1 << 25 });
      expect(Buffer.compare(decode(stream), bytes)).toBe(0);
    }
  });
});
