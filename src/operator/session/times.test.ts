import { expect, test } from "vitest";
import { deadlineOf, durationOf, sessionDuration } from "./times.ts";

const created = new Date("2026-11-21T03:00:00Z");

test.each([
  ["03:00:00.400", "0s"],
  ["03:00:41.600", "42s"],
  ["03:01:12.000", "1m12s"],
  ["05:00:05.000", "2h0m5s"],
  // clocks differ
  ["02:59:00.000", "0s"],
])("a session that ends at %s took %s", (time, text) => {
  expect(sessionDuration(created, new Date(`2026-11-21T${time}Z`))).toBe(text);
});

test.each([
  ["30m", "2026-11-21T03:30:00.000Z"],
  ["1h30m", "2026-11-21T04:30:00.000Z"],
  [undefined, "2026-11-24T03:00:00.000Z"],
  ["0s", "2026-11-24T03:00:00.000Z"],
  ["soon", "2026-11-24T03:00:00.000Z"],
])("a timeOut of %s ends at %s", (timeOut, end) => {
  expect(deadlineOf(created, timeOut).toISOString()).toBe(end);
});

test("a delay of nothing is none", () => {
  expect([durationOf("0s"), durationOf(undefined), durationOf("1m")]).toEqual([0, undefined, 60_000]);
});
