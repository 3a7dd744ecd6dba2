import type { Job, Pod } from "../../kube/core.ts";
import { isAlive, type PodState, patience, podState, type Trouble } from "./pod-state.ts";

/** What became of a session's Job, from the Job and its pods. Pure. */

export interface ExecutorView {
  readonly jobName: string;
  /** undefined: there is none (any more). */
  readonly job: Job | undefined;
  /** Of this Job only. */
  readonly pods: readonly Pod[];
  readonly now: Date;
  /** What an earlier look at the pod foretold, for when it is gone. */
  readonly omen?: string | undefined;
}

export type ExecutorState = PodState;

export function executorState({ jobName, job, pods, now, omen }: ExecutorView): ExecutorState {
  const states = pods.map((pod) => podState(pod, now));
  const failed = states.find(({ state }) => state === "failed");
  if (isTrue(job, "Complete") || isTrue(job, "SuccessCriteriaMet")) return { state: "succeeded" };
  if (
    conditionOf(job, "Failed")?.reason === "DeadlineExceeded" ||
    conditionOf(job, "FailureTarget")?.reason === "DeadlineExceeded"
  )
    return {
      state: "failed",
      trouble: { reason: "DeadlineExceeded", message: `Job ${jobName} ran longer than allowed` },
    };
  if (failed !== undefined) return failed;
  if (states.some(({ state }) => state === "succeeded")) return { state: "succeeded" };
  // what still runs may still report
  if (pods.some((pod) => isAlive(pod, now))) return { state: "running", ...soonest(states, job) };
  return withoutPods({ jobName, job, now, omen });
}

/** A Job of ours has one pod: its backoffLimit is 0. */
function withoutPods({ jobName, job, now, omen }: Omit<ExecutorView, "pods">): ExecutorState {
  if (job === undefined || job.metadata.deletionTimestamp != null)
    return failure({ reason: "JobDeleted", message: `Job ${jobName} was deleted before it was done` });
  const end = conditionOf(job, "Failed") ?? conditionOf(job, "FailureTarget");
  if (end !== undefined) {
    const why = omen ?? `the pod of Job ${jobName} was deleted before it was done`;
    return failure({ reason: "PodDeleted", message: why });
  }
  const created = Date.parse(job.metadata.creationTimestamp ?? "");
  const leftMs = (Number.isNaN(created) ? now.getTime() : created) + patience.scheduling - now.getTime();
  if (leftMs > 0) return { state: "running", recheckMs: leftMs };
  const message = `Job ${jobName} got no pod: kubectl describe job ${jobName} shows why`;
  return failure({ reason: "NotStarted", message });
}

function failure(trouble: Trouble): ExecutorState {
  return { state: "failed", trouble };
}

/** Changes of pods whose Job is gone are easily missed. */
const orphanMs = 5000;

function soonest(states: readonly PodState[], job: Job | undefined): { readonly recheckMs?: number } {
  const signs = states.flatMap((each) => (each.state === "running" ? (each.recheckMs ?? []) : []));
  const times = job === undefined ? [...signs, orphanMs] : signs;
  return times.length === 0 ? {} : { recheckMs: Math.min(...times) };
}

function conditionOf(job: Job | undefined, type: string) {
  return job?.status?.conditions?.find((each) => each.type === type && each.status === "True");
}

function isTrue(job: Job | undefined, type: string): boolean {
  return conditionOf(job, type) !== undefined;
}

/** What a pod that is about to go says of why; kept by the caller, for the pod is soon gone. */
export function omenOf(pods: readonly Pod[]): string | undefined {
  for (const pod of pods) {
    const sign = pod.status?.conditions?.find(({ type, status }) => type === "DisruptionTarget" && status === "True");
    if (sign === undefined) continue;
    const node = pod.spec.nodeName === undefined ? "" : ` on node ${pod.spec.nodeName}`;
    return `pod ${pod.metadata.name}${node} was taken away: ${sign.reason ?? ""}${sign.message === undefined ? "" : `: ${sign.message}`}`;
  }
  return undefined;
}

/** Whether a Job has nothing more to do, or ends by itself: then there is nothing to stop. */
export function isOver(job: Job): boolean {
  return ["Complete", "Failed", "SuccessCriteriaMet", "FailureTarget"].some((type) => isTrue(job, type));
}
