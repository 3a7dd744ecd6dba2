import { describe, expect, test } from "vitest";
import { parseCron } from "../../kit/cron.ts";
import { nextRunIn, openZone, utc } from "./zone.ts";

const newYork = "America/New_York";

describe("the next run by clocks of a zone", () => {
  // the first twelve are those of the library that Kubernetes uses
  test.each([
    ["30 2 11 mar *", "2012-03-11T00:00:00-05:00", newYork, "2013-03-11T02:30:00-04:00"],
    ["0 * * * *", "2012-03-11T00:00:00-05:00", newYork, "2012-03-11T01:00:00-05:00"],
    ["0 * * * *", "2012-03-11T01:00:00-05:00", newYork, "2012-03-11T03:00:00-04:00"],
    ["0 1 * * *", "2012-03-11T00:00:00-05:00", newYork, "2012-03-11T01:00:00-05:00"],
    ["0 2 * * *", "2012-03-11T00:00:00-05:00", newYork, "2012-03-12T02:00:00-04:00"],
    ["30 2 04 nov *", "2012-11-04T00:00:00-04:00", newYork, "2012-11-04T02:30:00-05:00"],
    ["30 1 04 nov *", "2012-11-04T01:45:00-04:00", newYork, "2012-11-04T01:30:00-05:00"],
    ["0 * * * *", "2012-11-04T00:00:00-04:00", newYork, "2012-11-04T01:00:00-04:00"],
    ["0 * * * *", "2012-11-04T01:00:00-04:00", newYork, "2012-11-04T01:00:00-05:00"],
    ["0 * * * *", "2012-11-04T01:00:00-05:00", newYork, "2012-11-04T02:00:00-05:00"],
    ["0 1 * * *", "2012-11-04T01:00:00-04:00", newYork, "2012-11-04T01:00:00-05:00"],
    ["0 1 * * *", "2012-11-04T01:00:00-05:00", newYork, "2012-11-05T01:00:00-05:00"],
    ["30,45 1 * * *", "2012-11-04T01:30:00-04:00", newYork, "2012-11-04T01:45:00-04:00"],
    ["0 0 * * *", "2026-11-20T18:29:59Z", "Asia/Kolkata", "2026-11-20T18:30:00Z"],
    ["45 1 * * *", "2026-04-04T13:00:00Z", "Australia/Lord_Howe", "2026-04-04T14:45:00Z"],
    ["45 1 * * *", "2026-04-04T14:45:00Z", "Australia/Lord_Howe", "2026-04-04T15:15:00Z"],
    ["0 3 * * *", "2026-11-21T02:30:00Z", "Etc/UTC", "2026-11-21T03:00:00Z"],
    ["@every 90m", "2026-11-21T10:00:00Z", newYork, "2026-11-21T11:30:00Z"],
    ["0 0 30 2 *", "2026-11-21T10:00:00Z", newYork, undefined],
  ])("of %j after %s in %s", (schedule, after, name, expected) => {
    const next = nextRunIn(parseCron(schedule), new Date(after), openZone(name) ?? utc);
    expect(next?.toISOString()).toBe(expected === undefined ? undefined : new Date(expected).toISOString());
  });

  test("of every five minutes goes through both hours of an autumn night, one after the other", () => {
    const zone = openZone("Europe/Berlin") ?? utc;
    const runs: number[] = [Date.parse("2026-10-24T22:00:00Z")];
    for (let at = new Date(runs[0] ?? 0); runs.length < 61; runs.push(at.getTime()))
      at = nextRunIn(parseCron("*/5 * * * *"), at, zone) ?? at;
    expect(runs.every((run, index) => run === (runs[0] ?? 0) + index * 300_000)).toBe(true);
  });
});

test.each(["Mars/Phobos", "", "+01:00", "Local"])("%j is no zone", (name) => expect(openZone(name)).toBeUndefined());
