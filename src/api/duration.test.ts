import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatGoDuration, isGoDuration, parseGoDuration } from "./duration.ts";

describe("Go's durations", () => {
  test.each([
    ["0", 0],
    ["0s", 0],
    ["42s", 42_000],
    ["30m", 1_800_000],
    ["2h45m", 9_900_000],
    ["1h0m0.5s", 3_600_500],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["5.s", 5000],
    ["1us", 0.001],
    ["1µs", 0.001],
    ["1μs", 0.001],
    ["1ns", 0.000_001],
    ["-1m", -60_000],
    ["+1m", 60_000],
    ["1m1m", 120_000],
  ])("%s is read", (text, milliseconds) => expect(parseGoDuration(text)).toBe(milliseconds));

  test.each(["", "5", "1d", "1w", "s", ".s", "5 s", "1h ", "1H", "1e3s", "--1s", "00", "9223372037s"])(
    "%j is refused",
    (text) => {
      expect(isGoDuration(text)).toBe(false);
      expect(() => parseGoDuration(text)).toThrow(RangeError);
    },
  );

  test.each([
    [0, "0s"],
    [0.000_001, "1ns"],
    [0.0015, "1.5µs"],
    [350, "350ms"],
    [1.25, "1.25ms"],
    [42_000, "42s"],
    [42_120.5, "42.1205s"],
    [72_000, "1m12s"],
    [60_000, "1m0s"],
    [7_205_250, "2h0m5.25s"],
    [-90_000, "-1m30s"],
  ])("%d ms is written", (milliseconds, text) => expect(formatGoDuration(milliseconds)).toBe(text));

  test("what was written is read again", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), (milliseconds) => {
        expect(parseGoDuration(formatGoDuration(milliseconds))).toBe(milliseconds);
      }),
    );
  });
});
