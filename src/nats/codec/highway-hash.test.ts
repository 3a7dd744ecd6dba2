import fc from "fast-check";
import { expect, test } from "vitest";
import { HighwayHash64, namedHash } from "./highway-hash.ts";

const ascending = (length: number) => Uint8Array.from({ length }, (_, at) => at);
const key = ascending(32);

/** The reference's expectations for key 0..31 and data 0..n-1 (highwayhash_test.cc, kExpected64), by n. */
const expected: readonly (readonly [number, bigint])[] = [
  [0, 0x907a56de22c26e53n],
  [1, 0x7eab43aac7cddd78n],
  [2, 0xb8d0569ab0b53d62n],
  [3, 0x5c6befab8a463d80n],
  [4, 0xf205a46893007edan],
  [7, 0x4d02ae1738f59482n],
  [8, 0xe1205108e55f3171n],
  [15, 0x40793f86a449f33bn],
  [16, 0xcfab3489f97eb832n],
  [17, 0x19fe67d2c8c5c0e2n],
  [18, 0x04dd90a69c565cc2n],
  [19, 0x75d9518e2371c504n],
  [20, 0x38ad9b1141d3dd16n],
  [28, 0xf71f8976a0a2c639n],
  [31, 0x9fc7007ccf035a68n],
  [32, 0xa0c964d9ecd580fcn],
  [33, 0x2c90f73ca03181fcn],
  [41, 0x181ad0cc0dffd32bn],
];

test.each(expected)("hashes %i bytes as the reference does", (length, hash) => {
  expect(new HighwayHash64(key).digest(ascending(length))).toBe(hash);
});

test("hashes with another key as the reference does", () => {
  const words = new Uint8Array(new BigUint64Array([1n, 2n, 3n, 4n]).buffer);
  const hash = new HighwayHash64(words);
  expect(hash.digest(Uint8Array.from({ length: 33 }, (_, at) => 128 + at))).toBe(0x53c516cce478cad7n);
  expect(hash.digest(Uint8Array.of(0xff))).toBe(0x7858f24d2d79b2b2n);
});

test("gives the same for any parts, again and again, from any offset", () => {
  const hash = new HighwayHash64(key);
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 6 }), (parts) => {
      const whole = new Uint8Array(Buffer.concat([Buffer.alloc(3), ...parts, Buffer.alloc(5)]));
      hash.update(whole, 3, whole.length - 5);
      expect(hash.finish()).toBe(new HighwayHash64(key).digest(...parts));
    }),
  );
});

test("writes and compares its digest as eight bytes, little endian", () => {
  const hash = new HighwayHash64(key);
  const bytes = new Uint8Array(10);
  hash.write(bytes, 1);
  expect(Buffer.from(bytes).toString("hex")).toBe("00536ec222de567a9000");
  expect(hash.matches(bytes, 1)).toBe(true);
  expect(hash.matches(bytes, 2)).toBe(false);
});

test("takes keys of 32 bytes only", () => {
  expect(() => new HighwayHash64(new Uint8Array(31))).toThrow(RangeError);
  expect(namedHash("EX").digest()).not.toBe(namedHash("EX-1").digest());
});
