import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Change } from "../kube/follow.ts";
import { type MachinePod, uidOf } from "./pod.ts";
import type { PodContext } from "./pod-context.ts";
import { killRuns } from "./runs.ts";
import type { EndCause } from "./status.ts";
import { startWorker, type Worker } from "./worker.ts";

/** The pods of a node, each with its worker. */
export interface Workers {
  /** By the pod's uid. */
  readonly all: ReadonlyMap<string, Worker>;
  /** What has become of a pod; those of other nodes are left alone. */
  take(change: Change<MachinePod>): void;
  /** Ends all pods and starts no more. */
  endAll(cause: EndCause, graceMs: number): Promise<void>;
  /** After all that was begun has ended. */
  settled(): Promise<void>;
}

export function openWorkers(context: PodContext): Workers {
  const all = new Map<string, Worker>();
  const discards = new Set<Promise<void>>();
  let isEnding = false;

  function put(pod: MachinePod): void {
    const worker = all.get(uidOf(pod));
    if (worker !== undefined) worker.update(pod);
    else if (!isEnding) all.set(uidOf(pod), startWorker(pod, context));
  }
  function drop(uid: string): void {
    const worker = all.get(uid);
    if (worker === undefined) return;
    all.delete(uid);
    const discard = worker
      .discard()
      .catch((error: unknown) => context.log.warn({ folder: worker.folder, error }, "removing a pod's folder"))
      .finally(() => discards.delete(discard));
    discards.add(discard);
  }
  async function settled(): Promise<void> {
    await Promise.all([...[...all.values()].map((worker) => worker.over), ...discards]);
  }
  return {
    all,
    settled,
    take({ before, after }) {
      if (after?.spec.nodeName === context.place.nodeName) put(after);
      else if (after === undefined && before !== undefined) drop(uidOf(before));
    },
    async endAll(cause, graceMs) {
      isEnding = true;
      for (const worker of all.values()) worker.end(cause, graceMs);
      await settled();
    },
  };
}

/** Ends and removes what is left of pods that were deleted while no runner looked. */
export async function sweepPods(folder: string, { all }: Workers): Promise<void> {
  for (const uid of await readdir(folder)) {
    // a worker is there before its folder
    if (all.has(uid)) continue;
    await killRuns(join(folder, uid));
    await rm(join(folder, uid), { recursive: true, force: true });
  }
}
