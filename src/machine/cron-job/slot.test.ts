import { expect, test } from "vitest";
import { parseCron } from "../../kit/cron.ts";
import { missedSlots } from "./slot.ts";
import { utc } from "./zone.ts";

const day = (time: string) => new Date(`2026-11-21T${time}Z`);

test.each([
  ["0 3 * * *", day("02:00:00"), day("02:59:59"), { kind: "none", next: day("03:00:00") }],
  ["0 3 * * *", day("02:00:00"), day("03:00:00"), { kind: "some", slot: day("03:00:00"), isMany: false }],
  ["*/5 * * * *", day("02:00:00"), day("03:04:00"), { kind: "some", slot: day("03:00:00"), isMany: false }],
  ["* * * * *", day("02:00:00"), day("03:40:59"), { kind: "some", slot: day("03:40:00"), isMany: false }],
  ["* * * * *", day("02:00:00"), day("03:41:00"), { kind: "some", slot: day("03:41:00"), isMany: true }],
  // a year of minutes, and slots that lie far from now
  [
    "* * * * *",
    new Date("2025-11-21T00:00:00Z"),
    day("03:41:30"),
    { kind: "some", slot: day("03:41:00"), isMany: true },
  ],
  [
    "10,20 4 1 1 *",
    new Date("2025-12-01T00:00:00Z"),
    day("00:00:00"),
    { kind: "some", slot: new Date("2026-01-01T04:20:00Z"), isMany: true },
  ],
  ["@every 90m", day("00:00:10"), day("05:00:00"), { kind: "some", slot: day("04:30:10"), isMany: false }],
  ["@every 1s", day("00:00:10"), day("05:00:00"), { kind: "some", slot: day("05:00:00"), isMany: true }],
  ["0 0 30 2 *", day("00:00:00"), day("05:00:00"), { kind: "never" }],
])("of %j since %s at %s", (schedule, since, now, expected) =>
  expect(missedSlots({ cron: parseCron(schedule), zone: utc }, since, now)).toEqual(expected),
);
