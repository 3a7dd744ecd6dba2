import { z } from "zod";
import { Metadata } from "../api/document.ts";
import type { Log } from "../kit/log.ts";
import type { Cluster } from "../kube/cluster.ts";
import { type PersistentVolumeClaim, persistentVolumeClaims } from "../kube/core.ts";
import { openQueue, type Queue } from "../kube/queue.ts";
import { type KubeObject, keyFrom, keyOf, keyText, type Resource } from "../kube/resource.ts";
import { removeFinalizer } from "../kube/update.ts";
import { isGoing, type JobPod, jobPods } from "./job/job.ts";
import type { Shared } from "./shared.ts";

/** Claims and volumes that are being removed go when nobody uses them: an API server of Kubernetes holds them until somebody says so. */

const PersistentVolume = z.looseObject({
  ...{ apiVersion: z.string(), kind: z.string(), metadata: Metadata },
  status: z.looseObject({ phase: z.string().optional() }).nullish(),
});
export type PersistentVolume = z.infer<typeof PersistentVolume>;

export const persistentVolumes: Resource<PersistentVolume> = {
  ...{ group: "", version: "v1", kind: "PersistentVolume", plural: "persistentvolumes", scope: "Cluster" },
  schema: PersistentVolume,
};

const claimFinalizer = "kubernetes.io/pvc-protection";
const volumeFinalizer = "kubernetes.io/pv-protection";

export interface ProtectionOptions {
  readonly claims: Shared<PersistentVolumeClaim>;
  readonly volumes: Shared<PersistentVolume>;
  readonly pods: Shared<JobPod>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export function openProtection(cluster: Cluster, { claims, volumes, pods, log, signal }: ProtectionOptions): Queue {
  const ready = Promise.all([claims.ready, volumes.ready, pods.ready]);
  ready.catch(() => undefined);
  const queue = openQueue({
    concurrency: 2,
    signal,
    backOff: { firstMs: 200, mostMs: 30_000 },
    onFailure: (claim, error) => log.warn({ claim, error }, "letting go of a claim"),
    async work(text, waiting) {
      await ready;
      const key = keyFrom(text);
      if (key.namespace === undefined) {
        const volume = volumes.get(key);
        if (volume === undefined || !isHeld(volume, volumeFinalizer) || volume.status?.phase === "Bound") return;
        await removeFinalizer(cluster, persistentVolumes, key, {
          ...waiting,
          finalizer: volumeFinalizer,
          from: volume,
        });
        return;
      }
      const claim = claims.get(key);
      if (claim === undefined || !isHeld(claim, claimFinalizer)) return;
      // a pod that was made a moment ago may be unknown yet
      if (isUsed(claim, pods.list({ namespace: key.namespace }))) return;
      const live = await cluster.list(jobPods, { namespace: key.namespace }, waiting);
      if (isUsed(claim, live.items)) return;
      await removeFinalizer(cluster, persistentVolumeClaims, key, {
        ...waiting,
        finalizer: claimFinalizer,
        from: claim,
      });
    },
  });
  claims.listen(({ key, after }) => after !== undefined && isGoing(after) && queue.add(keyText(key)));
  volumes.listen(({ key, after }) => after !== undefined && isGoing(after) && queue.add(keyText(key)));
  pods.listen(({ before, after }) => {
    if (after !== undefined && !isOver(after)) return;
    for (const name of claimsOf(before ?? after)) {
      const claim = claims.get({ namespace: (before ?? after)?.metadata.namespace, name });
      if (claim !== undefined && isGoing(claim)) queue.add(keyText(keyOf(claim)));
    }
  });
  return queue;
}

function isHeld(object: KubeObject, finalizer: string): boolean {
  return isGoing(object) && (object.metadata.finalizers ?? []).includes(finalizer);
}

function isUsed({ metadata }: PersistentVolumeClaim, pods: readonly JobPod[]): boolean {
  // a scheduler gives no node to a pod whose claim is being removed: waiting for it would never end
  const isHere = ({ spec }: JobPod) => (spec.nodeName ?? "") !== "";
  return pods.some((pod) => isHere(pod) && !isOver(pod) && claimsOf(pod).includes(metadata.name ?? ""));
}

function isOver({ status }: JobPod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

function claimsOf(pod: JobPod | undefined): readonly string[] {
  return (pod?.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
}
