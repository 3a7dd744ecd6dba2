import type { Log } from "../../kit/log.ts";
import type { Cluster, Waiting } from "../../kube/cluster.ts";
import { KubeFailure } from "../../kube/failure.ts";
import { openQueue } from "../../kube/queue.ts";
import { keyFrom, keyOf, keyText } from "../../kube/resource.ts";
import type { Shared } from "../shared.ts";
import { controllerOf, type JobPod, jobPods, type MachineJob, machineJobs } from "./job.ts";
import { isTracked, trackingFinalizer } from "./pod.ts";

/** Takes the Job's finalizer from this very pod. It need not be there, nor the pod. */
export async function release(cluster: Cluster, pod: JobPod, { signal }: Waiting): Promise<void> {
  for (let live: JobPod | undefined = pod; live !== undefined && isSame(live, pod); ) {
    const { finalizers, uid, resourceVersion } = live.metadata;
    if (!isTracked(live)) return;
    const rest = (finalizers ?? []).filter((each) => each !== trackingFinalizer);
    try {
      await cluster.patch(jobPods, keyOf(pod), {
        signal,
        merge: { metadata: { finalizers: rest, uid, resourceVersion } },
      });
      return;
    } catch (error) {
      if (!KubeFailure.isReason(error, "Conflict")) throw error;
    }
    live = await cluster.get(jobPods, keyOf(pod), { signal });
  }
}

function isSame(one: JobPod, other: JobPod): boolean {
  return one.metadata.uid === other.metadata.uid;
}

export interface OrphansOptions extends Waiting {
  readonly jobs: Shared<MachineJob>;
  readonly pods: Shared<JobPod>;
  readonly log: Log;
}

/** Lets go of pods whose Job is gone, or no longer theirs: nobody will count them. */
export function releaseOrphans(cluster: Cluster, { jobs, pods, log, signal }: OrphansOptions) {
  const ready = Promise.all([jobs.ready, pods.ready]);
  ready.catch(() => undefined);
  const queue = openQueue({
    concurrency: 4,
    signal,
    onFailure: (pod, error) => log.warn({ pod, error }, "letting go of a pod without a Job"),
    async work(text, waiting) {
      await ready;
      const pod = pods.get(keyFrom(text));
      if (pod === undefined || !isTracked(pod) || (await hasJob(pod, waiting))) return;
      await release(cluster, pod, waiting);
    },
  });
  async function hasJob(pod: JobPod, waiting: Waiting): Promise<boolean> {
    const owner = controllerOf(pod);
    if (owner?.kind !== "Job") return false;
    const key = { namespace: pod.metadata.namespace, name: owner.name };
    if (jobs.get(key)?.metadata.uid === owner.uid) return true;
    return (await cluster.get(machineJobs, key, waiting))?.metadata.uid === owner.uid;
  }
  jobs.listen(({ before, after }) => {
    const { uid } = before?.metadata ?? {};
    if (uid === undefined || after !== undefined) return;
    for (const pod of pods.ownedBy(uid)) queue.add(keyText(keyOf(pod)));
  });
  pods.listen(({ key, after }) => {
    if (after === undefined || !isTracked(after)) return;
    const owner = controllerOf(after);
    const job = { namespace: key.namespace, name: owner?.name ?? "" };
    if (owner?.kind === "Job" && jobs.get(job)?.metadata.uid === owner.uid) return;
    queue.add(keyText(key));
  });
  return queue;
}
