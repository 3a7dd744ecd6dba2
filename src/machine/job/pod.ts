import { createHash } from "node:crypto";
import type { Draft } from "../../kube/cluster.ts";
import { ownedBy } from "../../kube/core.ts";
import type { KubeObject } from "../../kube/resource.ts";
import { type MachineJob, uidOf } from "./job.ts";

/** On every pod of a Job until it has been counted: so no end is counted twice or missed. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking";

/** Kubernetes': no vowels and nothing that is easily misread. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
/** What Kubernetes leaves of a name before it adds five characters. */
const mostBase = 58;

/**
 * The name of the Job's pod number `index`, which is the count of all that were made before. Whoever tries to make it twice is
 * refused by the server.
 */
export function podName(job: MachineJob, index: number): string {
  const digest = createHash("sha256")
    .update(`${uidOf(job)}/${index}`)
    .digest();
  const suffix = [...digest.subarray(0, 5)].map((byte) => alphabet[byte % alphabet.length]).join("");
  return `${`${job.metadata.name}-`.slice(0, mostBase)}${suffix}`;
}

export function buildPod(job: MachineJob, name: string): Draft {
  const { metadata, spec } = job.spec.template;
  const { name: owner = "", namespace } = job.metadata;
  const uid = uidOf(job);
  return {
    metadata: {
      ...{ name, namespace },
      labels: {
        ...metadata?.labels,
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": owner,
        "controller-uid": uid,
        "job-name": owner,
      },
      ...(metadata?.annotations == null ? {} : { annotations: metadata.annotations }),
      finalizers: [...(metadata?.finalizers ?? []), trackingFinalizer],
      ownerReferences: [ownedBy(job)],
    },
    spec,
  };
}

export function isTracked({ metadata }: KubeObject): boolean {
  return (metadata.finalizers ?? []).includes(trackingFinalizer);
}
