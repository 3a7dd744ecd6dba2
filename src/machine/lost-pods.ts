import type { Log } from "../kit/log.ts";
import type { Cluster, Waiting } from "../kube/cluster.ts";
import { nodes as nodeKind } from "../kube/core.ts";
import { KubeFailure } from "../kube/failure.ts";
import { objectPath } from "../kube/paths.ts";
import { openQueue, type Queue } from "../kube/queue.ts";
import { type KubeObject, keyFrom, keyOf, keyText } from "../kube/resource.ts";
import { updateStatus } from "../kube/update.ts";
import { isGoing, type JobPod, jobPods, uidOf } from "./job/job.ts";
import type { Shared } from "./shared.ts";
import { mergeConditions } from "./status.ts";

export interface LostPodsOptions {
  readonly pods: Shared<JobPod>;
  readonly nodes: Shared<KubeObject>;
  readonly now: () => Date;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A machine that finds its node gone makes it again within a second: until then its pods still run. */
const patienceMs = 2000;

/** Removes pods that are to go and whose node is not there: nobody else would ever say that they have ended. */
export function openLostPods(cluster: Cluster, { pods, nodes, now, log, signal }: LostPodsOptions): Queue {
  const ready = Promise.all([pods.ready, nodes.ready]);
  ready.catch(() => undefined);
  const hasNode = (name: string) => nodes.get({ name }) !== undefined;
  const queue = openQueue({
    concurrency: 2,
    signal,
    backOff: { firstMs: 200, mostMs: 30_000 },
    onFailure: (pod, error) => log.warn({ pod, error }, "removing a pod whose node is not there"),
    async work(text, waiting) {
      await ready;
      const pod = pods.get(keyFrom(text));
      if (pod === undefined || !isLost(pod, hasNode)) return;
      // one that was made a moment ago may be unknown yet
      if ((await cluster.get(nodeKind, { name: pod.spec.nodeName ?? "" }, waiting)) !== undefined) return;
      await end(cluster, pod, { hasNode, now: now(), ...waiting });
    },
  });
  const look = (pod: JobPod) => isLost(pod, hasNode) && queue.addAfter(keyText(keyOf(pod)), patienceMs);
  pods.listen(({ after }) => after !== undefined && look(after));
  nodes.listen(({ key, after }) => {
    if (after === undefined) for (const pod of pods.list(({ spec }) => spec.nodeName === key.name)) look(pod);
  });
  return queue;
}

export interface LostView {
  readonly hasNode: (name: string) => boolean;
  readonly now: Date;
}

export interface LostSteps {
  /** To be written first, so that its Job counts it. */
  readonly status: JobPod["status"] | undefined;
  readonly isRemoved: boolean;
}

/** As Kubernetes' pod garbage collector does it. Pure. */
export function decide(pod: JobPod, { hasNode, now }: LostView): LostSteps {
  if (!isLost(pod, hasNode)) return { status: undefined, isRemoved: false };
  // what has no grace left goes by itself when those have let go of it who hold it
  const isRemoved = pod.metadata["deletionGracePeriodSeconds"] !== 0;
  const { phase, conditions } = pod.status ?? {};
  if (phase === "Succeeded" || phase === "Failed") return { status: undefined, isRemoved };
  const told = mergeConditions(conditions ?? [], [disrupted], now).map((one) => ({ ...one }));
  return { status: { ...pod.status, phase: "Failed", conditions: told }, isRemoved };
}

const disrupted = {
  ...{ type: "DisruptionTarget", status: "True", reason: "DeletionByPodGC" },
  message: "PodGC: node no longer exists",
};

function isLost(pod: JobPod, hasNode: LostView["hasNode"]): boolean {
  const { nodeName = "" } = pod.spec;
  return isGoing(pod) && nodeName !== "" && !hasNode(nodeName);
}

async function end(cluster: Cluster, pod: JobPod, { signal, ...view }: LostView & Waiting): Promise<void> {
  const [key, uid] = [keyOf(pod), uidOf(pod)];
  const stepsOf = (live: JobPod) => (uidOf(live) === uid ? decide(live, view) : undefined);
  const live = await updateStatus(cluster, jobPods, key, (one) => stepsOf(one)?.status, { signal });
  if (live === undefined || stepsOf(live)?.isRemoved !== true) return;
  const body = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0, preconditions: { uid } };
  try {
    await cluster.request({ method: "DELETE", path: objectPath(jobPods, key), body }, { signal });
  } catch (error) {
    if (!KubeFailure.isReason(error, "Conflict", "NotFound")) throw error;
  }
}
