import type { Log } from "../kit/log.ts";
import type { Cluster } from "../kube/cluster.ts";
import type { Node, PersistentVolumeClaim } from "../kube/core.ts";
import { KubeFailure } from "../kube/failure.ts";
import { openQueue } from "../kube/queue.ts";
import type { Recorder } from "../kube/recorder.ts";
import { keyOf, keyText } from "../kube/resource.ts";
import { updateStatus } from "../kube/update.ts";
import { claimMisfitOf, misfitOf } from "./fit.ts";
import { isOver, type MachinePod, machinePods, uidOf } from "./pod.ts";
import { mergeConditions } from "./status.ts";

export interface SchedulerOptions {
  readonly node: () => Node | undefined;
  readonly pods: () => readonly MachinePod[];
  readonly claim: (namespace: string, name: string) => PersistentVolumeClaim | undefined;
  readonly recorder: Recorder;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Scheduler {
  /** There is a pod without a node, or it may fit now. */
  look(pod: MachinePod): void;
  readonly stopped: Promise<void>;
}

/** What does not fit is tried again so often. */
const againMs = 5000;

/** Gives pods to this node, as far as they fit; what does not fit is told why. */
export function openScheduler(cluster: Cluster, options: SchedulerOptions): Scheduler {
  const { log, signal } = options;
  /** Bound a moment ago, which the API server has not told yet. */
  const bound = new Map<string, MachinePod>();
  const queue = openQueue({
    concurrency: 4,
    signal,
    onFailure: (pod, error) => log.warn({ pod, error }, "binding a pod"),
    async work(text) {
      const pods = options.pods();
      const pod = pods.find((one) => keyText(keyOf(one)) === text);
      const node = options.node();
      if (pod === undefined || node === undefined || !isToSchedule(pod)) return undefined;
      const here = pods.filter(({ spec }) => spec.nodeName === node.metadata.name);
      forgetTold(bound, pods);
      if (bound.has(uidOf(pod))) return undefined;
      const misfit = claimMisfitOf(pod, options.claim) ?? misfitOf(pod, { node, pods: [...here, ...bound.values()] });
      if (misfit !== undefined) {
        await tellMisfit(cluster, pod, { ...options, message: `0/1 nodes are available: ${misfit}.` });
        return { requeueAfterMs: againMs };
      }
      bound.set(uidOf(pod), pod);
      let isBound = false;
      try {
        isBound = await bind(cluster, pod, { ...options, node });
      } finally {
        if (!isBound) bound.delete(uidOf(pod));
      }
      return undefined;
    },
  });
  return { look: (pod) => isToSchedule(pod) && queue.add(keyText(keyOf(pod))), stopped: queue.stopped };
}

/** Each was among the pods when it was bound: one that no longer is has run, or was removed. */
function forgetTold(bound: Map<string, MachinePod>, pods: readonly MachinePod[]): void {
  const untold = new Set(pods.filter(({ spec }) => (spec.nodeName ?? "") === "").map(uidOf));
  for (const uid of bound.keys()) if (!untold.has(uid)) bound.delete(uid);
}

function isToSchedule(pod: MachinePod): boolean {
  const { nodeName = "", schedulerName = "default-scheduler", schedulingGates } = pod.spec;
  const isGoing = typeof pod.metadata.deletionTimestamp === "string";
  const isOurs = schedulerName === "default-scheduler" && (schedulingGates ?? []).length === 0;
  return nodeName === "" && isOurs && !isGoing && !isOver(pod);
}

/** False when somebody else was faster, or it is gone. */
async function bind(
  cluster: Cluster,
  pod: MachinePod,
  { node, recorder, signal }: { readonly node: Node; readonly recorder: Recorder; readonly signal: AbortSignal },
): Promise<boolean> {
  const { namespace = "", name = "", uid } = pod.metadata;
  const target = { apiVersion: "v1", kind: "Node", name: node.metadata.name };
  const body = { apiVersion: "v1", kind: "Binding", metadata: { namespace, name, uid }, target };
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/binding`;
  try {
    await cluster.request({ method: "POST", path, body }, { signal });
  } catch (error) {
    if (KubeFailure.isReason(error, "Conflict", "NotFound")) return false;
    throw error;
  }
  const message = `Successfully assigned ${namespace}/${name} to ${target.name}`;
  void recorder.event(pod, { type: "Normal", reason: "Scheduled", message });
  return true;
}

interface Misfit {
  readonly message: string;
  readonly recorder: Recorder;
  readonly signal: AbortSignal;
}

async function tellMisfit(cluster: Cluster, pod: MachinePod, { message, recorder, signal }: Misfit): Promise<void> {
  const ours = { type: "PodScheduled", status: "False", reason: "Unschedulable", message };
  const change = ({ metadata, spec, status }: MachinePod): MachinePod["status"] | undefined => {
    const before = status?.conditions ?? [];
    const isTold = before.some(({ type, message }) => type === ours.type && message === ours.message);
    if (isTold || metadata.uid !== pod.metadata.uid || (spec.nodeName ?? "") !== "") return undefined;
    const conditions = mergeConditions(before, [ours], new Date()).map((one) => ({ ...one }));
    return { ...status, phase: "Pending", conditions };
  };
  await updateStatus(cluster, machinePods, keyOf(pod), change, { signal, from: pod });
  void recorder.event(pod, { type: "Warning", reason: "FailedScheduling", message });
}
