import type { ContainerStatus, Pod } from "../../kube/core.ts";

/** What a Job's pod says of itself, and how long a bad sign may last before it is the end. Pure. */

/** Why a session's Job did not do its work; events and tests go by these words. */
export type TroubleReason =
  | "ImagePullFailed"
  | "Unschedulable"
  | "NotStarted"
  | "OutOfMemory"
  | "Evicted"
  | "Crashed"
  | "PodDeleted"
  | "NodeLost"
  | "JobDeleted"
  | "DeadlineExceeded"
  | "InvokerGone"
  | "NoReport";

export interface Trouble {
  readonly reason: TroubleReason;
  /** One sentence without its full stop. */
  readonly message: string;
  /** Whose log may say more. */
  readonly container?: { readonly pod: string; readonly name: string };
}

export type PodState =
  /** `recheckMs`: when a bad sign becomes the end. */
  | { readonly state: "running"; readonly recheckMs?: number }
  | { readonly state: "succeeded" }
  | { readonly state: "failed"; readonly trouble: Trouble };

/** Milliseconds. */
export const patience = {
  imagePull: 120_000,
  scheduling: 600_000,
  /** Volumes are mounted and images pulled; a large image on a slow line takes its time. */
  start: 1_800_000,
  /** Beyond the grace period of a pod that is being deleted: then its node does not answer. */
  deletion: 60_000,
} as const;

/** Of a container that waits: it will not start by itself, but the registry or the Secret may come back. */
const pullReasons: ReadonlySet<string> = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "RegistryUnavailable",
  "ImageInspectError",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
]);

export function podState(pod: Pod, now: Date): PodState {
  const { phase } = pod.status ?? {};
  if (phase === "Succeeded") return { state: "succeeded" };
  if (phase === "Failed") return { state: "failed", trouble: troubleOf(pod) };
  const sign = signOf(pod, now);
  if (sign === undefined) return { state: "running" };
  const leftMs = sign.since + sign.patienceMs - now.getTime();
  return leftMs > 0 ? { state: "running", recheckMs: leftMs } : { state: "failed", trouble: sign.trouble };
}

/** Whether a container of it may still do something. */
export function isAlive(pod: Pod, now: Date): boolean {
  const { phase } = pod.status ?? {};
  if (phase === "Succeeded" || phase === "Failed") return false;
  const deleted = timeOf(pod.metadata.deletionTimestamp);
  return deleted === undefined || now.getTime() < deleted + patience.deletion;
}

interface Sign {
  readonly since: number;
  readonly patienceMs: number;
  readonly trouble: Trouble;
}

function signOf(pod: Pod, now: Date): Sign | undefined {
  return deletionSign(pod) ?? waitingSign(pod, now) ?? schedulingSign(pod, now) ?? startSign(pod, now);
}

/** Its deletionTimestamp lies at the end of the grace period. */
function deletionSign(pod: Pod): Sign | undefined {
  const since = timeOf(pod.metadata.deletionTimestamp);
  if (since === undefined) return undefined;
  const node = pod.spec.nodeName;
  const message = `pod ${nameOf(pod)} was deleted and ${node === undefined ? "does not end" : `node ${node} does not answer`}`;
  return { since, patienceMs: patience.deletion, trouble: { reason: "NodeLost", message } };
}

function waitingSign(pod: Pod, now: Date): Sign | undefined {
  const stuck = containersOf(pod).find(({ state }) => pullReasons.has(state?.waiting?.reason ?? ""));
  if (stuck === undefined) return undefined;
  const { reason = "", message } = stuck.state?.waiting ?? {};
  const isImage = /Image|Registry/.test(reason);
  const what = isImage ? "the image could not be pulled" : "the container could not be made";
  return {
    since: waitingSince(pod, now),
    patienceMs: patience.imagePull,
    trouble: {
      reason: isImage ? "ImagePullFailed" : "NotStarted",
      message: `container ${stuck.name}: ${what} (${reason}${said(message)})`,
    },
  };
}

/** A waiting container does not say since when: at the earliest since the pod came to its node or the container before it ended. */
function waitingSince(pod: Pod, now: Date): number {
  const ends = containersOf(pod).flatMap(({ state }) => {
    const finishedAt = state?.terminated?.["finishedAt"];
    return typeof finishedAt === "string" ? (timeOf(finishedAt) ?? []) : [];
  });
  return Math.max(createdAt(pod, now), timeOf(pod.status?.startTime) ?? 0, ...ends);
}

function schedulingSign(pod: Pod, now: Date): Sign | undefined {
  if (pod.spec.nodeName !== undefined) return undefined;
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "True") return undefined;
  const why = scheduled?.message ?? "no scheduler has looked at it";
  return {
    since: timeOf(scheduled?.lastTransitionTime) ?? createdAt(pod, now),
    patienceMs: patience.scheduling,
    trouble: { reason: "Unschedulable", message: `pod ${nameOf(pod)} found no node: ${why}` },
  };
}

function startSign(pod: Pod, now: Date): Sign | undefined {
  if (containersOf(pod).some(({ state }) => state?.running !== undefined || state?.terminated !== undefined))
    return undefined;
  return {
    since: timeOf(pod.status?.startTime) ?? createdAt(pod, now),
    patienceMs: patience.start,
    trouble: {
      reason: "NotStarted",
      message: `pod ${nameOf(pod)} did not start on node ${pod.spec.nodeName ?? "?"}: a volume, a Secret or the node may be missing`,
    },
  };
}

/** Of a pod that has failed. */
function troubleOf(pod: Pod): Trouble {
  const { reason, message } = pod.status ?? {};
  const disruption = pod.status?.conditions?.find(
    ({ type, status }) => type === "DisruptionTarget" && status === "True",
  );
  if (reason === "NodeLost")
    return { reason: "NodeLost", message: `node ${pod.spec.nodeName ?? "?"} was lost${said(message)}` };
  if (reason === "DeadlineExceeded") return { reason: "DeadlineExceeded", message: "the pod ran longer than allowed" };
  if (reason !== undefined && reason !== "Error")
    return { reason: "Evicted", message: `pod ${nameOf(pod)} was ended by its node: ${reason}${said(message)}` };
  if (disruption !== undefined) return disruptionTrouble(pod, disruption);
  const failed = containersOf(pod).find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  if (failed === undefined) return { reason: "Crashed", message: `pod ${nameOf(pod)} failed${said(message)}` };
  return containerTrouble(pod, failed);
}

/** Why Kubernetes itself took the pod away. */
function disruptionTrouble(
  pod: Pod,
  { reason = "", message }: { reason?: string | undefined; message?: string | undefined },
): Trouble {
  const isNode = reason === "DeletionByPodGC" || reason === "DeletionByTaintManager";
  return isNode
    ? { reason: "NodeLost", message: `node ${pod.spec.nodeName ?? "?"} was lost: ${reason}${said(message)}` }
    : { reason: "Evicted", message: `pod ${nameOf(pod)} was evicted: ${reason}${said(message)}` };
}

function containerTrouble(pod: Pod, { name, state }: ContainerStatus): Trouble {
  const { exitCode = 0, reason, message } = state?.terminated ?? {};
  const container = { pod: nameOf(pod), name };
  if (reason === "OOMKilled") {
    const advice = "give it more with runtimeSettings.container.resources.limits.memory";
    return {
      reason: "OutOfMemory",
      message: `container ${name} was killed because it needed more memory than its limit (OOMKilled): ${advice}`,
      container,
    };
  }
  const why = reason === undefined || reason === "Error" ? "" : ` (${reason})`;
  return {
    reason: "Crashed",
    message: `container ${name} ended with exit code ${exitCode}${why}${said(message)}`,
    container,
  };
}

function containersOf(pod: Pod): readonly ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
}

function nameOf(pod: Pod): string {
  return pod.metadata.name ?? "?";
}

function createdAt(pod: Pod, now: Date): number {
  return timeOf(pod.metadata.creationTimestamp) ?? now.getTime();
}

function timeOf(text: string | null | undefined): number | undefined {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? undefined : time;
}

function said(message: string | undefined): string {
  const text = (message ?? "").replaceAll(/\s+/g, " ").trim().slice(0, 500);
  return text === "" ? "" : `: ${text}`;
}
