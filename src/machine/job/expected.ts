import type { Store } from "../../kube/store.ts";
import type { Shared } from "../shared.ts";
import { type JobPod, uidOf } from "./job.ts";

/** Pods that were made and that what is followed does not show yet. They spare requests; what must not happen twice has its name for that. */
export interface Expected {
  add(job: string, pod: JobPod): void;
  of(job: string): readonly JobPod[];
  has(job: string): boolean;
}

/** After so long a pod was removed before anybody saw it. */
const mostMs = 10_000;

interface Entry {
  readonly job: string;
  readonly pod: JobPod;
  readonly untilMs: number;
}

export function openExpected(pods: Pick<Shared<JobPod>, "listen"> & Pick<Store<JobPod>, "get">): Expected {
  const entries = new Map<string, Entry>();
  pods.listen(({ before, after }) => {
    for (const pod of [before, after]) if (pod !== undefined) entries.delete(uidOf(pod));
  });
  function of(job: string): readonly JobPod[] {
    const now = performance.now();
    for (const [uid, { untilMs }] of entries) if (untilMs < now) entries.delete(uid);
    return [...entries.values()].filter((entry) => entry.job === job).map(({ pod }) => pod);
  }
  return {
    of,
    has: (job) => of(job).length > 0,
    add(job, pod) {
      const { namespace, name = "" } = pod.metadata;
      // its change may have come before the answer to the request
      if (pods.get({ namespace, name })?.metadata.uid === uidOf(pod)) return;
      entries.set(uidOf(pod), { job, pod, untilMs: performance.now() + mostMs });
    },
  };
}
