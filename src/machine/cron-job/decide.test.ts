import { describe, expect, test } from "vitest";
import type { MachineJob } from "../job/job.ts";
import { buildJob, jobName, slotAnnotation } from "./build.ts";
import type { MachineCronJob } from "./cron-job.ts";
import { type CronJobSteps, decide } from "./decide.ts";
import { openZone, utc } from "./zone.ts";

const at = (time: string) => new Date(`2026-11-21T${time}Z`);

function cronJob(
  spec: Partial<MachineCronJob["spec"]> = {},
  status: MachineCronJob["status"] = {},
  creationTimestamp = "2026-11-21T02:00:00Z",
): MachineCronJob {
  return {
    ...{ apiVersion: "batch/v1", kind: "CronJob" },
    metadata: { name: "nightly", namespace: "demo", uid: "u-nightly", creationTimestamp },
    spec: { schedule: "0 * * * *", concurrencyPolicy: "Allow", jobTemplate: { spec: {} }, ...spec },
    status,
  };
}

function job(
  name: string,
  { end, slot, minute = 0 }: { end?: "Complete" | "Failed"; slot?: string; minute?: number } = {},
) {
  const time = `2026-11-21T02:${String(minute).padStart(2, "0")}:00Z`;
  const conditions = end === undefined ? [] : [{ type: end, status: "True" }];
  const made: MachineJob = {
    ...{ apiVersion: "batch/v1", kind: "Job" },
    metadata: {
      ...{ name, namespace: "demo", uid: `u-${name}`, creationTimestamp: time },
      ...(slot !== undefined && { annotations: { [slotAnnotation]: slot } }),
    },
    spec: { template: { spec: {} } },
    status: { startTime: time, conditions, ...(end === "Complete" && { completionTime: time }) },
  };
  return made;
}

const reference = (name: string) => ({
  ...{ apiVersion: "batch/v1", kind: "Job", name, namespace: "demo", uid: `u-${name}` },
});

interface Given {
  readonly spec?: Partial<MachineCronJob["spec"]>;
  readonly status?: MachineCronJob["status"];
  readonly jobs?: readonly MachineJob[];
  readonly created?: string;
  readonly now: Date;
}

/** What matters of the steps, shortly. */
function told({ start, replace, trim, status, news, requeueAfterMs }: CronJobSteps) {
  return {
    ...(start !== undefined && { start: start.slot }),
    ...(replace.length > 0 && { replace: replace.map(({ metadata }) => metadata.name) }),
    ...(trim.length > 0 && { trim: trim.map(({ metadata }) => metadata.name) }),
    ...(status !== undefined && { status }),
    ...(news.length > 0 && { news: news.map(({ reason }) => reason) }),
    ...(requeueAfterMs !== undefined && { seconds: requeueAfterMs / 1000 }),
  };
}

describe("a CronJob", () => {
  test.each<[string, Given, ReturnType<typeof told>]>([
    ["waits for its slot", { now: at("02:59:00") }, { seconds: 60.1 }],
    ["starts it", { now: at("03:00:00") }, { start: at("03:00:00"), seconds: 3600.1 }],
    [
      "starts it once",
      { now: at("03:00:01"), status: { lastScheduleTime: "2026-11-21T03:00:00Z" } },
      { seconds: 3599.1 },
    ],
    ["starts only the newest that was missed", { now: at("09:30:00") }, { start: at("09:00:00"), seconds: 1800.1 }],
    [
      "tells that it missed many",
      { now: at("09:30:00"), spec: { schedule: "* * * * *" } },
      { start: at("09:30:00"), news: ["TooManyMissedTimes"], seconds: 60.1 },
    ],
    [
      "does not tell so where a deadline says what may be missed",
      { now: at("09:30:00"), spec: { schedule: "* * * * *", startingDeadlineSeconds: 600 } },
      { start: at("09:30:00"), seconds: 60.1 },
    ],
    [
      "leaves a slot out whose deadline has passed",
      { now: at("03:10:01"), spec: { startingDeadlineSeconds: 600 } },
      { seconds: 49 * 60 + 59.1 },
    ],
    [
      "takes a slot whose deadline is now",
      { now: at("03:10:00"), spec: { startingDeadlineSeconds: 600 } },
      { start: at("03:00:00"), seconds: 3000.1 },
    ],
    ["rests while it is suspended", { now: at("03:00:00"), spec: { suspend: true } }, {}],
    [
      "goes by the clocks of its zone",
      { now: at("03:30:00"), spec: { schedule: "0 9 * * *", timeZone: "Asia/Kolkata" } },
      { start: at("03:30:00"), seconds: 86_400.1 },
    ],
    [
      "names a zone that there is not",
      { now: at("03:00:00"), spec: { timeZone: "Mars/Phobos" } },
      { news: ["UnknownTimeZone"] },
    ],
    [
      "names a schedule that is none",
      { now: at("03:00:00"), spec: { schedule: "0 25 * * *" } },
      { news: ["UnparseableSchedule"] },
    ],
    [
      "names a schedule that never fires",
      { now: at("03:00:00"), spec: { schedule: "0 0 30 2 *" } },
      { news: ["InvalidSchedule"] },
    ],
    [
      "starts another beside one that runs",
      { now: at("03:00:00"), status: { active: [reference("a")] }, jobs: [job("a")] },
      { start: at("03:00:00"), seconds: 3600.1 },
    ],
    [
      "does not with Forbid",
      {
        ...{ now: at("03:00:00"), spec: { concurrencyPolicy: "Forbid" } },
        ...{ status: { active: [reference("a")] }, jobs: [job("a")] },
      },
      { news: ["JobAlreadyActive"], seconds: 3600.1 },
    ],
    [
      "with Replace removes it first",
      {
        ...{ now: at("03:00:00"), spec: { concurrencyPolicy: "Replace" } },
        ...{ status: { active: [reference("a")] }, jobs: [job("a")] },
      },
      { start: at("03:00:00"), replace: ["a"], seconds: 3600.1 },
    ],
    [
      "with Forbid starts what was missed when the one before has ended",
      {
        ...{ now: at("03:10:00"), spec: { concurrencyPolicy: "Forbid" } },
        ...{ status: { active: [reference("a")] }, jobs: [job("a", { end: "Failed" })] },
      },
      { start: at("03:00:00"), status: {}, news: ["SawCompletedJob"], seconds: 3000.1 },
    ],
    [
      "tells when one succeeded",
      { now: at("02:30:00"), status: { active: [reference("a")] }, jobs: [job("a", { end: "Complete", minute: 7 })] },
      { status: { lastSuccessfulTime: "2026-11-21T02:07:00Z" }, news: ["SawCompletedJob"], seconds: 1800.1 },
    ],
    [
      "forgets one that is gone",
      { now: at("02:30:00"), status: { active: [reference("a")] } },
      { status: {}, news: ["MissingJob"], seconds: 1800.1 },
    ],
    [
      "knows what it made before it was killed",
      { now: at("03:00:30"), jobs: [job("a", { slot: "2026-11-21T08:30:00+05:30" })] },
      {
        status: { active: [reference("a")], lastScheduleTime: "2026-11-21T03:00:00Z" },
        seconds: 3570.1,
      },
    ],
    [
      "knows so too when that has ended meanwhile",
      { now: at("03:00:30"), jobs: [job("a", { slot: "2026-11-21T03:00:00Z", end: "Failed" })] },
      { status: { lastScheduleTime: "2026-11-21T03:00:00Z" }, seconds: 3570.1 },
    ],
    [
      "wonders at one that it did not make",
      { now: at("02:30:00"), jobs: [job("b")] },
      { news: ["UnexpectedJob"], seconds: 1800.1 },
    ],
    [
      "keeps three that succeeded and one that failed",
      {
        now: at("02:59:00"),
        status: { lastSuccessfulTime: "2026-11-21T02:09:00Z" },
        jobs: [5, 9, 7, 3]
          .map((minute) => job(`s${minute}`, { end: "Complete", minute }))
          .concat([4, 2].map((minute) => job(`f${minute}`, { end: "Failed", minute }))),
      },
      { trim: ["s3", "f2"], seconds: 60.1 },
    ],
    [
      "keeps as many as it says",
      {
        ...{ now: at("02:59:00"), status: { lastSuccessfulTime: "2026-11-21T02:09:00Z" } },
        spec: { successfulJobsHistoryLimit: 0, failedJobsHistoryLimit: 2 },
        jobs: [job("s", { end: "Complete", minute: 9 }), job("f", { end: "Failed" }), job("g", { end: "Failed" })],
      },
      { trim: ["s"], seconds: 60.1 },
    ],
    [
      "ignores what it began while the clock was ahead",
      { now: at("03:30:00"), status: { lastScheduleTime: "2031-01-01T00:00:00Z" } },
      { start: at("03:00:00"), status: {}, seconds: 1800.1 },
    ],
    [
      "also where a Job tells of it",
      {
        ...{ now: at("03:30:00"), status: { lastScheduleTime: "2026-11-21T03:00:00Z" } },
        jobs: [job("a", { slot: "2031-01-01T00:00:00Z", end: "Failed" })],
      },
      { seconds: 1800.1 },
    ],
    [
      "does not start a slot again when the clock was set back a little",
      { now: at("02:59:58"), status: { lastScheduleTime: "2026-11-21T03:00:00Z" } },
      { seconds: 3602.1 },
    ],
    [
      "does not wait for the time that it was made at by a clock that was ahead",
      { now: at("03:30:00"), created: "2031-01-01T00:00:00Z" },
      { start: at("03:00:00"), news: ["TooManyMissedTimes"], seconds: 1800.1 },
    ],
    [
      "waits for its first slot when the clock was set back a little after it was made",
      { now: at("02:59:58"), created: "2026-11-21T02:59:59Z" },
      { seconds: 2.1 },
    ],
  ])("%s", (_title, { spec, status, jobs = [], created, now }, expected) =>
    expect(told(decide({ cronJob: cronJob(spec, status, created), jobs, now }))).toEqual(expected),
  );

  test("starts nothing while it is being removed", () => {
    const whole = cronJob();
    const going = { ...whole, metadata: { ...whole.metadata, deletionTimestamp: "2026-11-21T02:59:00Z" } };
    expect(decide({ cronJob: going, jobs: [], now: at("03:00:00") }).start).toBeUndefined();
  });

  test("names a Job by its slot, and writes the slot on it", () => {
    expect(jobName(cronJob(), at("03:00:30"))).toBe("nightly-29920500");
    const zone = openZone("America/St_Johns") ?? utc;
    expect(buildJob(cronJob(), at("03:00:00"), zone).metadata["annotations"]).toEqual({
      [slotAnnotation]: "2026-11-20T23:30:00-03:30",
    });
  });
});
