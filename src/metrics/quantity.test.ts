import { expect, test } from "vitest";
import { formatBytes } from "../kit/quantities.ts";
import { bytesIn, clockSecondsIn, secondsIn } from "./quantity.ts";

test.each([
  ["0 B", 0],
  ["1023 B", 1023],
  ["1.382 KiB", 1415],
  ["22.318 GiB", 23_963_770_028],
  ["3.000 PiB", 3 * 2 ** 50],
  [undefined, undefined],
  ["", undefined],
  ["much", undefined],
])("%s is %s bytes", (text, bytes) => expect(bytesIn(text)).toBe(bytes));

test.each([0, 1, 1024, 123_456_789, 9_876_543_210_123])("%i bytes come back within a thousandth", (bytes) => {
  expect(Math.abs((bytesIn(formatBytes(bytes)) ?? Number.NaN) - bytes)).toBeLessThanOrEqual(bytes / 1000);
});

test.each([
  ["0:00", 0],
  ["1:07", 67],
  ["1:02:03", 3723],
  ["42s", 42],
  ["1:7", undefined],
  [undefined, undefined],
])("%s on a clock is %s seconds", (text, seconds) => expect(clockSecondsIn(text)).toBe(seconds));

test.each([
  ["1m1.5s", 61.5],
  ["350ms", 0.35],
  ["soon", undefined],
  [undefined, undefined],
])("%s is %s seconds", (text, seconds) => expect(secondsIn(text)).toBe(seconds));
