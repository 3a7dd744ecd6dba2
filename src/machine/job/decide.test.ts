import { describe, expect, test } from "vitest";
import { decide, type JobSteps, type JobView } from "./decide.ts";
import type { JobPod, MachineJob } from "./job.ts";
import { podName, trackingFinalizer } from "./pod.ts";

const begin = "2026-11-21T03:00:00Z";
const now = new Date("2026-11-21T03:00:05Z");
const backOff = { firstMs: 10_000, mostMs: 600_000 };

function job(spec: Partial<MachineJob["spec"]> = {}, status: MachineJob["status"] = { startTime: begin }): MachineJob {
  return {
    ...{ apiVersion: "batch/v1", kind: "Job" },
    metadata: { name: "nightly", namespace: "demo", uid: "u-nightly", resourceVersion: "7" },
    spec: { template: { spec: { restartPolicy: "Never" } }, parallelism: 1, completions: 1, backoffLimit: 1, ...spec },
    status,
  };
}

interface PodMark {
  readonly phase?: string;
  readonly isReady?: boolean;
  readonly isGoing?: boolean;
  readonly isFree?: boolean;
  readonly isUntracked?: boolean;
  readonly restarts?: number;
  readonly ended?: string;
  /** Seconds that it was given when it was removed at `begin`. */
  readonly grace?: number;
}

/** Number `index` of the Job's pods; its uid is `p0` ... */
function pod(index: number, mark: PodMark = {}): JobPod {
  const { phase = "Running", isReady = false, isGoing = false, isFree = false, isUntracked = false } = mark;
  const { restarts = 0, ended, grace = 0 } = mark;
  const deletionTimestamp = new Date(Date.parse(begin) + grace * 1000).toISOString();
  return {
    ...{ apiVersion: "v1", kind: "Pod" },
    metadata: {
      ...{ name: podName(job(), index), namespace: "demo", uid: `p${index}`, creationTimestamp: begin },
      ...(isGoing && { deletionTimestamp, deletionGracePeriodSeconds: grace }),
      finalizers: isUntracked ? [] : [trackingFinalizer],
    },
    spec: isFree ? {} : { nodeName: "machine-a" },
    status: {
      phase,
      conditions: isReady ? [{ type: "Ready", status: "True" }] : [],
      containerStatuses: [
        { restartCount: restarts, ...(ended !== undefined && { state: { terminated: { finishedAt: ended } } }) },
      ],
    },
  };
}

/** What matters of the steps, shortly. */
function told({ remove, create, status, release, news, isExpired, requeueAfterMs }: JobSteps) {
  const { startTime: _, conditions, ready, terminating, uncountedTerminatedPods = {}, ...rest } = status ?? {};
  const goals = (conditions ?? []).map(
    ({ type, status: is, reason }) => `${is === "True" ? "" : "not "}${type} ${reason}`,
  );
  return {
    ...(remove.length > 0 && {
      remove: remove.map((one) => `${one.pod.metadata.uid}${one.isCounted ? "" : " uncounted"}`),
    }),
    ...(create.length > 0 && { create: create.map((name) => numberOf(name)) }),
    ...(status !== undefined && { ...rest, ...uncountedOf(uncountedTerminatedPods) }),
    ...(goals.length > 0 && { goals }),
    ...(ready ? { ready } : {}),
    ...(terminating ? { terminating } : {}),
    ...(release.length > 0 && { release: release.map(({ metadata }) => metadata.uid) }),
    ...(news.length > 0 && { news: news.map(({ reason }) => reason) }),
    ...(isExpired && { isExpired }),
    ...(requeueAfterMs !== undefined && { seconds: requeueAfterMs / 1000 }),
  };
}

function uncountedOf(ended: NonNullable<MachineJob["status"]>["uncountedTerminatedPods"]) {
  const all = [...(ended?.succeeded ?? []), ...(ended?.failed ?? [])];
  return all.length > 0 ? { uncounted: all } : {};
}

function numberOf(name: string): number {
  return Array.from({ length: 20 }, (_, index) => index).find((index) => podName(job(), index) === name) ?? -1;
}

const condition = (type: string, reason: string, time = begin) => ({
  type,
  status: "True",
  reason,
  message: "",
  lastTransitionTime: time,
});
const settled = { ready: 0, terminating: 0, uncountedTerminatedPods: {} };
const met = condition("SuccessCriteriaMet", "CompletionsReached");

type Given = Partial<Pick<JobView, "pods" | "released">> & { readonly job: MachineJob };

describe("a Job", () => {
  test.each<[string, Given, ReturnType<typeof told>]>([
    ["gets its pod", { job: job({}, {}) }, { create: [0] }],
    ["has it", { job: job(), pods: [pod(0, { isReady: true })] }, { active: 1, ready: 1 }],
    ["says nothing twice", { job: job({}, { startTime: begin, ...settled, active: 1 }), pods: [pod(0)] }, {}],
    [
      "names a pod that has succeeded before it is let go of",
      { job: job(), pods: [pod(0, { phase: "Succeeded" })] },
      { uncounted: ["p0"], goals: ["SuccessCriteriaMet CompletionsReached"] },
    ],
    [
      "lets go of one that is named",
      {
        job: job(
          {},
          { startTime: begin, ...settled, conditions: [met], uncountedTerminatedPods: { succeeded: ["p0"] } },
        ),
        pods: [pod(0, { phase: "Succeeded" })],
      },
      { release: ["p0"] },
    ],
    [
      "counts one that was let go of, and is complete",
      {
        job: job(
          {},
          { startTime: begin, ...settled, conditions: [met], uncountedTerminatedPods: { succeeded: ["p0"] } },
        ),
        pods: [pod(0, { phase: "Succeeded" })],
        released: new Set(["p0"]),
      },
      {
        ...{ succeeded: 1, completionTime: "2026-11-21T03:00:05Z", news: ["Completed"] },
        goals: ["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"],
      },
    ],
    [
      "counts one that is named and gone",
      { job: job({ backoffLimit: 6 }, { startTime: begin, failed: 1, uncountedTerminatedPods: { failed: ["p1"] } }) },
      { failed: 2, create: [2] },
    ],
    [
      "waits before it tries again",
      { job: job(), pods: [pod(0, { phase: "Failed", ended: "2026-11-21T03:00:02Z" })] },
      { uncounted: ["p0"], seconds: 7 },
    ],
    [
      "waits longer each time",
      {
        job: job({ backoffLimit: 6 }, { startTime: begin, ...settled, failed: 2 }),
        pods: [0, 1].map((index) => pod(index, { phase: "Failed", ended: begin, isUntracked: true })),
      },
      { seconds: 15 },
    ],
    [
      "counts from the time when a pod was removed that told nothing of its end",
      {
        job: job({ backoffLimit: 6 }, { startTime: begin, ...settled, failed: 1 }),
        pods: [pod(0, { phase: "Failed", isGoing: true, grace: 30, isUntracked: true })],
      },
      { seconds: 5 },
    ],
    [
      "does not wait for a failure that a clock which was ahead told of",
      {
        job: job({ backoffLimit: 6 }, { startTime: begin, ...settled, failed: 1 }),
        pods: [pod(0, { phase: "Failed", ended: "2031-01-01T00:00:00Z", isUntracked: true })],
      },
      { create: [1] },
    ],
    [
      "but counts it for how long it waits after the next",
      {
        job: job({ backoffLimit: 6 }, { startTime: begin, ...settled, failed: 2 }),
        pods: ["2031-01-01T00:00:00Z", begin].map((ended, index) =>
          pod(index, { phase: "Failed", ended, isUntracked: true }),
        ),
      },
      { seconds: 15 },
    ],
    [
      "tries again under the next number",
      {
        job: job({}, { startTime: begin, ...settled, failed: 1 }),
        pods: [pod(0, { phase: "Failed", ended: "2026-11-21T02:59:00Z", isUntracked: true })],
      },
      { create: [1] },
    ],
    [
      "makes none while one that is removed may still run",
      { job: job({}, { startTime: begin, ...settled }), pods: [pod(0, { isGoing: true })] },
      { terminating: 1 },
    ],
    [
      "takes one that was removed before it had a node as failed",
      { job: job({ backoffLimit: 0 }), pods: [pod(0, { phase: "Pending", isGoing: true, isFree: true })] },
      { uncounted: ["p0"], goals: ["FailureTarget BackoffLimitExceeded"] },
    ],
    [
      "fails when the limit is passed",
      {
        job: job(
          {},
          {
            ...{ startTime: begin, ...settled, failed: 1, uncountedTerminatedPods: { failed: ["p1"] } },
            conditions: [condition("FailureTarget", "BackoffLimitExceeded")],
          },
        ),
      },
      {
        ...{ failed: 2, news: ["BackoffLimitExceeded"] },
        goals: ["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"],
      },
    ],
    [
      "fails when containers were started again too often",
      {
        job: job({ template: { spec: { restartPolicy: "OnFailure" } } }),
        pods: [pod(0, { restarts: 1 })],
      },
      { remove: ["p0"], active: 1, goals: ["FailureTarget BackoffLimitExceeded"] },
    ],
    ["waits for its deadline", { job: job({ activeDeadlineSeconds: 60 }), pods: [pod(0)] }, { active: 1, seconds: 55 }],
    [
      "is ended at its deadline",
      { job: job({ activeDeadlineSeconds: 5 }), pods: [pod(0)] },
      { remove: ["p0"], active: 1, goals: ["FailureTarget DeadlineExceeded"] },
    ],
    [
      "has succeeded when it did so before anybody saw the deadline pass",
      { job: job({ activeDeadlineSeconds: 5 }), pods: [pod(0, { phase: "Succeeded" })] },
      { uncounted: ["p0"], goals: ["SuccessCriteriaMet CompletionsReached"] },
    ],
    [
      "takes its pods away while it is suspended",
      { job: job({ suspend: true }), pods: [pod(0)] },
      { remove: ["p0 uncounted"], active: 1, goals: ["Suspended JobSuspended"], news: ["Suspended"] },
    ],
    [
      "goes on",
      { job: job({}, { startTime: begin, ...settled, conditions: [condition("Suspended", "JobSuspended")] }) },
      { create: [0], goals: ["not Suspended JobResumed"], news: ["Resumed"] },
    ],
    [
      "runs as many as may",
      { job: job({ parallelism: 3, completions: 4 }), pods: [pod(0), pod(1, { phase: "Succeeded" })] },
      { active: 1, uncounted: ["p1"], create: [2, 3] },
    ],
    ["removes those that are too many", { job: job(), pods: [pod(0), pod(1)] }, { active: 2, remove: ["p1"] }],
    [
      "leaves out a number whose name is taken by one that nobody counts",
      { job: job({}, { startTime: begin, ...settled }), pods: [pod(0, { phase: "Succeeded", isUntracked: true })] },
      { create: [1] },
    ],
    [
      "says what has no meaning here",
      { job: job({ completionMode: "Indexed" }) },
      { goals: ["FailureTarget Unsupported", "Failed Unsupported"], news: ["Unsupported"] },
    ],
    [
      "is left alone when it has ended",
      {
        job: job({}, { startTime: begin, conditions: [condition("Complete", "CompletionsReached")] }),
        pods: [pod(0, { phase: "Succeeded" })],
      },
      { release: ["p0"] },
    ],
    [
      "waits for the end of its time",
      { job: job({ ttlSecondsAfterFinished: 60 }, { conditions: [condition("Failed", "BackoffLimitExceeded")] }) },
      { seconds: 55 },
    ],
    [
      "goes then",
      { job: job({ ttlSecondsAfterFinished: 5 }, { conditions: [condition("Failed", "BackoffLimitExceeded")] }) },
      { isExpired: true },
    ],
  ])("%s", (_title, { pods = [], released = new Set<string>(), ...given }, expected) =>
    expect(told(decide({ ...given, pods, released, now, backOff }))).toEqual(expected),
  );

  test("gets no pod while it is being removed", () => {
    const whole = job();
    const going = { ...whole, metadata: { ...whole.metadata, deletionTimestamp: begin } };
    expect(decide({ job: going, pods: [], released: new Set(), now, backOff }).create).toEqual([]);
  });
});
