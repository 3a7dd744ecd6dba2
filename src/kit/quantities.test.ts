import { describe, expect, test } from "vitest";
import { Failure } from "./failures.ts";
import * as quantities from "./quantities.ts";

describe("parseBytes reads", () => {
  test.each([
    ["0", 0],
    ["512", 512],
    ["512B", 512],
    ["1k", 1024],
    ["64MiB", 64 * 2 ** 20],
    ["10M", 10 * 2 ** 20],
    ["1.5 GiB", 1.5 * 2 ** 30],
    ["2GB", 2e9],
    ["3T", 3 * 2 ** 40],
  ])("%s", (text, bytes) => expect(quantities.parseBytes(text)).toBe(bytes));

  test.each(["", "x", "-1", "1Q", "1 2", "MiB", "1e3", "99999999999T"])("nothing from %j", (text) =>
    expect(codeOf(() => quantities.parseBytes(text))).toBe("usage"),
  );
});

describe("formatBytes writes as restic does", () => {
  test.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.000 KiB"],
    [1536, "1.500 KiB"],
    [1048576, "1.000 MiB"],
    [23964000000, "22.318 GiB"],
    [2n ** 63n, "8.000 EiB"],
  ])("%s", (bytes, text) => expect(quantities.formatBytes(bytes)).toBe(text));
});

describe("durations", () => {
  test.each([
    ["500ms", 500],
    ["5s", 5000],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
    ["0.5s", 500],
  ])("%s are read", (text, milliseconds) => expect(quantities.parseDuration(text)).toBe(milliseconds));

  test.each(["", "5", "s", "5 s", "-5s", "5y", "1h30"])("%j is refused", (text) =>
    expect(codeOf(() => quantities.parseDuration(text))).toBe("usage"),
  );

  test.each([
    [-1, "0 ms"],
    [430, "430 ms"],
    [2449, "2.4 s"],
    [9960, "10 s"],
    [59_600, "1 min"],
    [200_000, "3 min 20 s"],
    [7_500_000, "2 h 5 min"],
    [86_400_000, "1 d"],
    [273_600_000, "3 d 4 h"],
  ])("%s ms are written", (milliseconds, text) => expect(quantities.formatDuration(milliseconds)).toBe(text));
});

test.each([
  [0, "0.0 MB/s"],
  [1_540_000, "1.5 MB/s"],
  [123_400_000, "123 MB/s"],
])("a rate of %s bytes", (rate, text) => expect(quantities.formatRate(rate)).toBe(text));

test.each([
  [0n, "0 messages"],
  [1, "1 message"],
  [1000, "1,000 messages"],
  [12345678901234567890n, "12,345,678,901,234,567,890 messages"],
])("%s are counted", (count, text) => expect(quantities.counted(count, "message")).toBe(text));

test("times are RFC 3339 in UTC without fractions", () =>
  expect(quantities.formatTime(new Date("2026-11-21T04:00:00.123+01:00"))).toBe("2026-11-21T03:00:00Z"));

function codeOf(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    return Failure.from(error).code;
  }
}
