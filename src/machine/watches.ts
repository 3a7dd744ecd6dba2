import { sleepMs } from "../kube/sleep.ts";
import type { PodEnding } from "./ending.ts";
import type { MachinePod } from "./pod.ts";
import type { PodContext } from "./pod-context.ts";
import { type Limit, untilFull } from "./space.ts";

/** What makes a node end a pod by itself. */

export interface Deadline {
  readonly startTime: Date;
  readonly ending: PodEnding;
}

/** Ends the pod at its activeDeadlineSeconds. Undone by the function it gives back. */
export function watchDeadline({ spec }: MachinePod, { startTime, ending }: Deadline): () => void {
  const seconds = spec.activeDeadlineSeconds;
  if (typeof seconds !== "number") return () => undefined;
  const cause = {
    reason: "DeadlineExceeded",
    message: "Pod was active on the node longer than the specified deadline",
  };
  const graceMs = (spec.terminationGracePeriodSeconds ?? 30) * 1000;
  const due = startTime.getTime() + seconds * 1000;
  let timer: NodeJS.Timeout | undefined;
  function wait(): void {
    const left = due - Date.now();
    if (left <= 0) ending.ask({ cause, graceMs });
    else timer = setTimeout(wait, sleepMs(left));
  }
  wait();
  return () => clearTimeout(timer);
}

export interface Space {
  readonly limits: readonly Limit[];
  readonly context: PodContext;
  readonly ending: PodEnding;
  readonly signal: AbortSignal;
}

/** Evicts the pod when one of its volumes is full: a folder does not refuse a write as a volume does. */
export async function watchSpace(pod: MachinePod, { limits, context, ending, signal }: Space): Promise<void> {
  const message = await untilFull(limits, { signal });
  if (message === undefined) return;
  void context.recorder.event(pod, { type: "Warning", reason: "Evicted", message });
  ending.ask({ cause: { reason: "Evicted", message }, graceMs: 1000 });
}
