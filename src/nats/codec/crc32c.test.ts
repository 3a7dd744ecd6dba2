import { expect, test } from "vitest";
import { crc32c, maskedCrc32c } from "./crc32c.ts";

test.each([
  ["nothing", new Uint8Array(0), 0],
  ["the check string", Buffer.from("123456789"), 0xe3069283],
  ["32 zeros (RFC 3720, B.4)", new Uint8Array(32), 0x8a9136aa],
  ["32 ones (RFC 3720, B.4)", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["ascending bytes (RFC 3720, B.4)", Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
  ["descending bytes (RFC 3720, B.4)", Uint8Array.from({ length: 32 }, (_, at) => 31 - at), 0x113fdb5c],
])("knows %s", (_title, bytes, crc) => expect(crc32c(bytes)).toBe(crc));

test("works on a part of a larger array", () => {
  const bytes = Buffer.from("xx123456789xx");
  expect(crc32c(bytes.subarray(2, 11))).toBe(0xe3069283);
});

test("masks as Snappy does: rotated by 15, plus 0xa282ead8", () => {
  expect(maskedCrc32c(new Uint8Array(0))).toBe(0xa282ead8);
  const crc = 0xe3069283;
  expect(maskedCrc32c(Buffer.from("123456789"))).toBe((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
});
