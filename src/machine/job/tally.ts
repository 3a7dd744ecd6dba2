import { endOf, isGoing, type JobPod, type MachineJob, uidOf } from "./job.ts";
import { isTracked } from "./pod.ts";

/** A Job's pods, sorted by what they mean for it. Pure. */
export interface Tally {
  /** May run, now or soon, and are not being removed. */
  readonly active: readonly JobPod[];
  readonly ready: number;
  /** Are being removed, and something in them may still run. */
  readonly terminating: number;
  /** All that ended, those included whose count is not written yet. */
  readonly succeeded: number;
  readonly failed: number;
  /** Ended, and not named in the status yet. */
  readonly fresh: Ended;
  /** Named in the status and still to be counted: their finalizer is there. */
  readonly uncounted: Ended;
  /** Named in the status, and no longer with a finalizer. */
  readonly countable: Ended;
  /** Whose finalizer can go: the status names them, or the Job is over. */
  readonly releasable: readonly JobPod[];
  /**
   * When the last one failed, in milliseconds, and how many did so since one succeeded. Not what lies in the future: a
   * clock that was ahead told so, and nobody is to wait for it.
   */
  readonly lastFailureMs: number | undefined;
  readonly failuresInARow: number;
  /** How often containers of pods that run were started again. */
  readonly restarts: number;
}

export interface Ended {
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
}

export interface Pods {
  /** Of this Job. */
  readonly pods: readonly JobPod[];
  /** uids of those whose finalizer was taken away; `pods` may not know it yet. */
  readonly released: ReadonlySet<string>;
  readonly now: Date;
}

export function tallyOf(job: MachineJob, { pods, released, now }: Pods): Tally {
  const { status = {} } = job;
  const named = { succeeded: names(status, "succeeded"), failed: names(status, "failed") };
  const tracked = new Set(pods.filter((pod) => isTracked(pod) && !released.has(uidOf(pod))).map((pod) => uidOf(pod)));
  const freshOf = (kind: keyof Ended, all: readonly JobPod[]) =>
    all.map(uidOf).filter((uid) => tracked.has(uid) && !named[kind].includes(uid));
  const succeeded = pods.filter(hasSucceeded);
  const failed = pods.filter(hasFailed);
  const fresh = { succeeded: freshOf("succeeded", succeeded), failed: freshOf("failed", failed) };
  const open = pods.filter((pod) => !hasSucceeded(pod) && !hasFailed(pod));
  const active = open.filter((pod) => !isGoing(pod));
  const isOver = endOf(job) !== undefined;
  return {
    ...{ active, fresh },
    ready: active.filter(isReady).length,
    terminating: open.length - active.length,
    succeeded: (status.succeeded ?? 0) + named.succeeded.length + fresh.succeeded.length,
    failed: (status.failed ?? 0) + named.failed.length + fresh.failed.length,
    uncounted: filtered(named, (uid) => tracked.has(uid)),
    countable: filtered(named, (uid) => !tracked.has(uid)),
    releasable: pods.filter((pod) => {
      const uid = uidOf(pod);
      return tracked.has(uid) && (isOver || named.succeeded.includes(uid) || named.failed.includes(uid));
    }),
    ...failuresOf(succeeded, failed, now),
    restarts: restartsOf(active),
  };
}

function names(status: NonNullable<MachineJob["status"]>, kind: keyof Ended): readonly string[] {
  return status.uncountedTerminatedPods?.[kind] ?? [];
}

function filtered({ succeeded, failed }: Ended, keep: (uid: string) => boolean): Ended {
  return { succeeded: succeeded.filter(keep), failed: failed.filter(keep) };
}

function hasSucceeded({ status }: JobPod): boolean {
  return status?.phase === "Succeeded";
}

/** One that is removed before it got a node never runs, and nobody will say so. */
function hasFailed(pod: JobPod): boolean {
  const hasNode = (pod.spec.nodeName ?? "") !== "";
  return pod.status?.phase === "Failed" || (isGoing(pod) && !hasNode && !hasSucceeded(pod));
}

function isReady({ status }: JobPod): boolean {
  return (status?.conditions ?? []).some(({ type, status: is }) => type === "Ready" && is === "True");
}

function failuresOf(succeeded: readonly JobPod[], failed: readonly JobPod[], now: Date) {
  const lastSuccess = Math.max(0, ...succeeded.map(endMs));
  const since = failed.map(endMs).filter((at) => at >= lastSuccess);
  const past = since.filter((at) => at <= now.getTime());
  return { lastFailureMs: past.length === 0 ? undefined : Math.max(...past), failuresInARow: since.length };
}

/** When the last container ended; else when the pod ceased to be ready, was removed, or was made. */
function endMs({ metadata, status }: JobPod): number {
  const ends = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(({ state }) =>
    timesOf(state?.terminated?.finishedAt),
  );
  if (ends.length > 0) return Math.max(...ends);
  const ready = (status?.conditions ?? []).find(({ type }) => type === "Ready");
  // a deletionTimestamp is when the grace ends
  const grace = metadata["deletionGracePeriodSeconds"];
  const graceMs = typeof grace === "number" ? grace * 1000 : 0;
  const [time = 0] = [
    ...timesOf(ready?.lastTransitionTime),
    ...timesOf(metadata.deletionTimestamp).map((at) => at - graceMs),
    ...timesOf(metadata.creationTimestamp),
  ];
  return time;
}

function timesOf(text: string | null | undefined): readonly number[] {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? [] : [time];
}

function restartsOf(active: readonly JobPod[]): number {
  const counts = active.flatMap(({ status }) => [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ]);
  return counts.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0);
}
