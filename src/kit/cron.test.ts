import { describe, expect, test } from "vitest";
import { badSchedules, goodSchedules } from "../../tests/support/cron-schedules.ts";
import { mistakeInCron, nextRun, parseCron } from "./cron.ts";

/** tests/kubernetes/cron.test.ts asks an API server about the same. */
test.each(goodSchedules)("%j is a schedule", (schedule) => expect(mistakeInCron(schedule)).toBeUndefined());

test.each(badSchedules)("%j is none: %s", (schedule, reason) => {
  const mistake = mistakeInCron(schedule) ?? "";
  expect(mistake.startsWith(`${JSON.stringify(schedule)} is no schedule: `)).toBe(true);
  expect(mistake).toContain(reason);
});

test("a refusal is a failure that says what schedules look like", () => {
  expect(() => parseCron("daily")).toThrow(
    expect.objectContaining({ code: "configuration-invalid", hint: expect.stringContaining("@daily") }),
  );
});

describe("the next run", () => {
  // Saturday
  const after = "2026-11-21T10:07:30.500Z";

  test.each([
    ["* * * * *", after, "2026-11-21T10:08:00Z"],
    ["* * * * *", "2026-11-21T10:07:00Z", "2026-11-21T10:08:00Z"],
    ["* * * * *", "2026-11-21T10:06:59.999Z", "2026-11-21T10:07:00Z"],
    ["0 3 * * *", after, "2026-11-22T03:00:00Z"],
    ["5/15 * * * *", after, "2026-11-21T10:20:00Z"],
    ["5/15 * * * *", "2026-11-21T10:50:00Z", "2026-11-21T11:05:00Z"],
    ["*/7 */4 * * *", after, "2026-11-21T12:00:00Z"],
    ["30 10 * * SAT", after, "2026-11-21T10:30:00Z"],
    ["0 9 * * sat", after, "2026-11-28T09:00:00Z"],
    ["0 0 1 * *", after, "2026-12-01T00:00:00Z"],
    ["0 0 1 jan *", after, "2027-01-01T00:00:00Z"],
    ["59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"],
    ["0 0 29 2 *", after, "2028-02-29T00:00:00Z"],
    ["0 0 31 * *", after, "2026-12-31T00:00:00Z"],
    // either day will do, but only when both are said
    ["0 0 13 * fri", after, "2026-11-27T00:00:00Z"],
    ["0 0 25 * fri", after, "2026-11-25T00:00:00Z"],
    ["0 0 * * fri", after, "2026-11-27T00:00:00Z"],
    ["0 0 ? * fri", after, "2026-11-27T00:00:00Z"],
    // */2 says something, */1 does not
    ["0 0 */2 * tue", after, "2026-11-23T00:00:00Z"],
    ["0 0 */1 * tue", after, "2026-11-24T00:00:00Z"],
    ["@hourly", after, "2026-11-21T11:00:00Z"],
    ["@daily", after, "2026-11-22T00:00:00Z"],
    ["@weekly", after, "2026-11-22T00:00:00Z"],
    ["@monthly", after, "2026-12-01T00:00:00Z"],
    ["@yearly", after, "2027-01-01T00:00:00Z"],
    ["@every 5m", after, "2026-11-21T10:12:30Z"],
    ["@every 1999ms", after, "2026-11-21T10:07:31Z"],
    ["@every 0", after, "2026-11-21T10:07:31Z"],
    ["@every -1h", after, "2026-11-21T10:07:31Z"],
    ["0 0 30 2 *", after, undefined],
    ["* * , * *", after, undefined],
    // five years are looked through
    ["0 0 29 2 *", "2096-03-01T00:00:00Z", undefined],
  ])("of %j after %s", (schedule, from, expected) => {
    const next = nextRun(parseCron(schedule), new Date(from));
    expect(next?.toISOString()).toBe(expected?.replace("Z", ".000Z"));
  });

  test("comes one after the other, each later than the one before", () => {
    const schedule = parseCron("13,40 6-16/4 * * 1-5");
    const runs: Date[] = [];
    for (let at = new Date(after); runs.length < 8; at = runs.at(-1) ?? at) runs.push(nextRun(schedule, at) ?? at);
    expect(runs.map((run) => run.toISOString().slice(5, 16))).toEqual([
      ...["11-23T06:13", "11-23T06:40", "11-23T10:13", "11-23T10:40"],
      ...["11-23T14:13", "11-23T14:40", "11-24T06:13", "11-24T06:40"],
    ]);
  });
});
