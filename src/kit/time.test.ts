import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTime, parseTime } from "./time.ts";

test.each([
  ["2026-01-02T03:04:05Z", 1_767_323_045_000_000_000n],
  ["2026-01-02T03:04:05.1Z", 1_767_323_045_100_000_000n],
  ["2026-01-02T03:04:05.000000001Z", 1_767_323_045_000_000_001n],
  ["2026-01-02T05:04:05.5+02:00", 1_767_323_045_500_000_000n],
  ["0001-01-01T00:00:00Z", 0n],
  ["1969-12-31T23:59:59.999999999Z", -1n],
])("%s is %d ns", (text, nanoseconds) => expect(parseTime(text)).toBe(nanoseconds));

test("a time that was written is read again, to the nanosecond", () => {
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 18n), 4n * 10n ** 18n), (nanoseconds) => {
      expect(parseTime(formatTime(nanoseconds))).toBe(nanoseconds);
    }),
  );
});

test.each(["", "yesterday", "2026-01-02", "2026-13-02T03:04:05Z", "2026-01-02T03:04:05.1234567890Z"])(
  "%j is no time",
  (text) => expect(() => parseTime(text)).toThrow(RangeError),
);
