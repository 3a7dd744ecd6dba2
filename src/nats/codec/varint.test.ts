import fc from "fast-check";
import { expect, test } from "vitest";
import { Failure } from "../../kit/failures.ts";
import { VarintReader, writeUvarint, writeVarint } from "./varint.ts";

const unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const signed = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

function written(write: (target: number[], value: bigint) => void, value: bigint): Uint8Array {
  const target: number[] = [];
  write(target, value);
  return Uint8Array.from(target);
}

test.each([
  [0n, "00"],
  [127n, "7f"],
  [128n, "8001"],
  [2n ** 35n - 1n, "ffffffff7f"],
  [2n ** 35n, "808080808001"],
  [2n ** 53n + 1n, "8180808080808010"],
  [2n ** 64n - 1n, "ffffffffffffffffff01"],
])("writes %d as Go does", (value, hex) => {
  expect(Buffer.from(written(writeUvarint, value)).toString("hex")).toBe(hex);
  expect(new VarintReader(Buffer.from(hex, "hex")).uvarint()).toBe(value);
});

test.each([
  [0n, "00"],
  [-1n, "01"],
  [1n, "02"],
  [-64n, "7f"],
  [2n ** 63n - 1n, "feffffffffffffffff01"],
  [-(2n ** 63n), "ffffffffffffffffff01"],
])("writes %d zigzag as Go does", (value, hex) => {
  expect(Buffer.from(written(writeVarint, value)).toString("hex")).toBe(hex);
});

test("reads back what it writes, one after another", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ unsigned, signed }), { maxLength: 20 }), (values) => {
      const target: number[] = [];
      for (const value of values) {
        writeUvarint(target, value.unsigned);
        writeVarint(target, value.signed);
      }
      const reader = new VarintReader(Uint8Array.from(target));
      for (const value of values) {
        expect(reader.uvarint()).toBe(value.unsigned);
        expect(reader.varint()).toBe(value.signed);
      }
      expect(reader.at).toBe(target.length);
    }),
  );
});

test.each([
  ["an end in the middle", "8080"],
  ["nothing", ""],
  ["65 bits", "ffffffffffffffffff02"],
  ["eleven bytes", "8080808080808080808000"],
])("refuses %s", (_title, hex) => {
  expect(() => new VarintReader(Buffer.from(hex, "hex")).uvarint()).toThrow(Failure);
});

test("refuses lengths above the limit", () => {
  expect(new VarintReader(Uint8Array.of(5)).length(5)).toBe(5);
  expect(() => new VarintReader(Uint8Array.of(6)).length(5)).toThrow("at most 5");
});
