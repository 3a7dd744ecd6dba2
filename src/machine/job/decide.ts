import { formatTime } from "../../kit/quantities.ts";
import { type BackOff, backOffMs } from "../../kube/backoff.ts";
import type { News } from "../../kube/recorder.ts";
import { type Condition, goalOf, reportedEnd, withCondition } from "./goal.ts";
import { endOf, isGoing, type JobPod, type JobStatus, type MachineJob } from "./job.ts";
import { podName } from "./pod.ts";
import { type Pods, type Tally, tallyOf } from "./tally.ts";

/** What a Job needs next, from the Job and its pods, as Kubernetes' own controller does it. Pure. */

export interface JobView extends Pods {
  readonly job: MachineJob;
  /** Between a pod that failed and the next. */
  readonly backOff: BackOff;
}

export interface JobSteps {
  /** To be removed; `isCounted` false: its end says nothing about the Job (it was suspended). */
  readonly remove: readonly { readonly pod: JobPod; readonly isCounted: boolean }[];
  /** Names of pods to be made. */
  readonly create: readonly string[];
  /** To be written before `release`; undefined: nothing has changed. */
  readonly status: JobStatus | undefined;
  /** Whose finalizer goes. Then the status has to be looked at again, for they can be counted. */
  readonly release: readonly JobPod[];
  readonly news: readonly News[];
  /** The Job itself has been over for as long as it was to be kept. */
  readonly isExpired: boolean;
  readonly requeueAfterMs?: number | undefined;
}

const nothing: JobSteps = { remove: [], create: [], status: undefined, release: [], news: [], isExpired: false };

export function decide(view: JobView): JobSteps {
  const { job } = view;
  const tally = tallyOf(job, view);
  const end = endOf(job);
  if (end !== undefined) return { ...nothing, release: tally.releasable, ...expiry(view, end.lastTransitionTime) };
  const goal = goalOf(job, tally, view.now);
  if (goal !== undefined) return ending(view, tally, goal);
  if (isGoing(job)) return { ...nothing, ...written(view, tally, {}), release: tally.releasable };
  return job.spec.suspend === true ? suspended(view, tally) : running(view, tally);
}

/** What runs is removed, and when all has ended and is counted, the Job has. */
function ending(view: JobView, tally: Tally, goal: Condition): JobSteps {
  const { job, now } = view;
  const isCounted = [tally.fresh, tally.uncounted].every((ended) => ended.succeeded.length + ended.failed.length === 0);
  const isDone = isCounted && tally.active.length + tally.terminating === 0;
  const begun = job.status?.startTime == null ? { startTime: formatTime(now) } : {};
  const told = withCondition(job.status?.conditions, goal, now);
  if (!isDone) {
    const remove = tally.active.map((pod) => ({ pod, isCounted: true }));
    return { ...nothing, remove, ...written(view, tally, { ...begun, conditions: told }), release: tally.releasable };
  }
  const end = reportedEnd(goal);
  const conditions = withCondition(told, end, now);
  const isComplete = end.type === "Complete";
  const news: News = isComplete
    ? { type: "Normal", reason: "Completed", message: "Job completed" }
    : { type: "Warning", reason: end.reason, message: end.message };
  const completion = isComplete ? { completionTime: formatTime(now) } : {};
  const steps = written(view, tally, { ...begun, conditions, ...completion });
  return { ...nothing, ...steps, news: [news], ...expiry(view, formatTime(now)) };
}

function suspended(view: JobView, tally: Tally): JobSteps {
  const { job, now } = view;
  const before = job.status?.conditions ?? [];
  const wasTold = before.some(({ type, status }) => type === "Suspended" && status === "True");
  const condition = { type: "Suspended", status: "True", reason: "JobSuspended", message: "Job suspended" } as const;
  return {
    ...nothing,
    ...written(view, tally, { conditions: withCondition(before, condition, now) }),
    remove: tally.active.map((pod) => ({ pod, isCounted: false })),
    release: tally.releasable,
    news: wasTold ? [] : [{ type: "Normal", reason: "Suspended", message: "Job suspended" }],
  };
}

function running(view: JobView, tally: Tally): JobSteps {
  const { job, now, backOff } = view;
  const isResumed = (job.status?.conditions ?? []).some(
    ({ type, status }) => type === "Suspended" && status === "True",
  );
  const condition = { type: "Suspended", status: "False", reason: "JobResumed", message: "Job resumed" } as const;
  const begun = isResumed || job.status?.startTime == null ? { startTime: formatTime(now) } : {};
  const changes = isResumed ? { ...begun, conditions: withCondition(job.status?.conditions, condition, now) } : begun;
  const common = {
    ...written(view, tally, changes),
    release: tally.releasable,
    news: isResumed ? [{ type: "Normal", reason: "Resumed", message: "Job resumed" } as const] : [],
  };
  const lacking = wantedOf(job, tally) - tally.active.length;
  const deadlineMs = deadlineLeft(job, now);
  if (lacking < 0) {
    const remove = tally.active.slice(lacking).map((pod) => ({ pod, isCounted: true }));
    return { ...nothing, ...common, remove, requeueAfterMs: deadlineMs };
  }
  // what is being removed may still run: another one beside it would be one too many
  const free = lacking - tally.terminating;
  const waitMs = pauseLeft(tally, now, backOff);
  if (free <= 0 || waitMs > 0) {
    return { ...nothing, ...common, requeueAfterMs: soonest(deadlineMs, free > 0 ? waitMs : undefined) };
  }
  return { ...nothing, ...common, create: namesFor(view, tally, free), requeueAfterMs: deadlineMs };
}

/** As many as may run at once. */
function wantedOf({ spec }: MachineJob, { active, succeeded }: Tally): number {
  const parallelism = spec.parallelism ?? 1;
  // a queue of work: when one has succeeded no more are begun
  if (spec.completions == null) return succeeded > 0 ? Math.min(active.length, parallelism) : parallelism;
  return Math.max(0, Math.min(parallelism, spec.completions - succeeded));
}

/** Numbers count all pods that were made; one that is taken by a pod that nobody counts is left out. */
function namesFor({ job, pods }: JobView, tally: Tally, count: number): readonly string[] {
  const taken = new Set(pods.map(({ metadata }) => metadata.name));
  const names: string[] = [];
  const first = tally.succeeded + tally.failed + tally.active.length + tally.terminating;
  for (let index = first; names.length < count; index++) {
    const name = podName(job, index);
    if (!taken.has(name)) names.push(name);
  }
  return names;
}

function pauseLeft({ lastFailureMs, failuresInARow }: Tally, now: Date, backOff: BackOff): number {
  return lastFailureMs === undefined ? 0 : lastFailureMs + backOffMs(failuresInARow, 1, backOff) - now.getTime();
}

function deadlineLeft({ spec, status }: MachineJob, now: Date): number | undefined {
  if (spec.activeDeadlineSeconds == null) return undefined;
  const begun = Date.parse(status?.startTime ?? "");
  const sinceMs = Number.isNaN(begun) ? now.getTime() : begun;
  return Math.max(0, sinceMs + spec.activeDeadlineSeconds * 1000 - now.getTime());
}

function soonest(...times: readonly (number | undefined)[]): number | undefined {
  const given = times.filter((time) => time !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

function expiry(
  { job, now }: JobView,
  ended: string | null | undefined,
): Pick<JobSteps, "isExpired" | "requeueAfterMs"> {
  const seconds = job.spec.ttlSecondsAfterFinished;
  if (seconds == null || isGoing(job)) return { isExpired: false };
  const leftMs = Date.parse(ended ?? "") + seconds * 1000 - now.getTime();
  return leftMs > 0 ? { isExpired: false, requeueAfterMs: leftMs } : { isExpired: true };
}

/** The status with the pods as they are now, `changes` made; undefined when it says nothing new. */
function written({ job }: JobView, tally: Tally, changes: Partial<JobStatus>): Pick<JobSteps, "status"> {
  const before = job.status ?? {};
  const { countable, uncounted, fresh } = tally;
  const { active: _, ready: __, terminating: ___, succeeded, failed, uncountedTerminatedPods: ____, ...rest } = before;
  const named = {
    succeeded: [...uncounted.succeeded, ...fresh.succeeded],
    failed: [...uncounted.failed, ...fresh.failed],
  };
  const after: JobStatus = {
    ...{ ...rest, ...changes },
    // zero is not written, as Kubernetes leaves it out; the two others it writes
    ...counted("active", tally.active.length),
    ...counted("succeeded", (succeeded ?? 0) + countable.succeeded.length),
    ...counted("failed", (failed ?? 0) + countable.failed.length),
    ...{ ready: tally.ready, terminating: tally.terminating },
    uncountedTerminatedPods: {
      ...(named.succeeded.length > 0 && { succeeded: named.succeeded }),
      ...(named.failed.length > 0 && { failed: named.failed }),
    },
  };
  return { status: isSame(before, after) ? undefined : after };
}

function counted(name: "active" | "succeeded" | "failed", count: number): Partial<JobStatus> {
  return count === 0 ? {} : { [name]: count };
}

function isSame(before: JobStatus, after: JobStatus): boolean {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].every((key) => JSON.stringify(before[key] ?? undefined) === JSON.stringify(after[key] ?? undefined));
}
