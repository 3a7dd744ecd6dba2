import { expect, test } from "vitest";
import { age, humanDuration } from "./columns-age.ts";

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];

/** As Kubernetes' own tests of duration.HumanDuration have it. */
test.each([
  [second, "1s"],
  [70 * second, "70s"],
  [190 * second, "3m10s"],
  [70 * minute, "70m"],
  [47 * hour, "47h"],
  [49 * hour, "2d1h"],
  [8 * day + 2 * hour, "8d"],
  [367 * day, "367d"],
  [365 * 2 * day + 25 * hour, "2y1d"],
  [365 * 8 * day + 2 * hour, "8y"],
  [-2 * second, "<invalid>"],
  [-2 * second + 1, "0s"],
  [0, "0s"],
  [2 * minute - 1, "119s"],
  [2 * minute, "2m"],
  [2 * minute + second, "2m1s"],
  [10 * minute - 1, "9m59s"],
  [10 * minute, "10m"],
  [3 * hour - 1, "179m"],
  [3 * hour, "3h"],
  [3 * hour + minute, "3h1m"],
  [8 * hour - 1, "7h59m"],
  [8 * hour, "8h"],
  [2 * day - 1, "47h"],
  [2 * day, "2d"],
  [8 * day - 1, "7d23h"],
  [2 * 365 * day - 1, "729d"],
  [2 * 365 * day, "2y"],
  [8 * 365 * day - 1, "7y364d"],
])("%i ms are %s", (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

test("an age needs a time", () => {
  const now = Date.parse("2026-11-21T03:00:00Z");
  expect(age("2026-11-21T02:55:00Z", now)).toBe("5m");
  expect(age(undefined, now)).toBe("<unknown>");
  expect(age("yesterday", now)).toBe("<invalid>");
});
