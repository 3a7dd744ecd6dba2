import { z } from "zod";
import type { MachinePod } from "./pod.ts";
import type { Termination } from "./status.ts";

/**
 * What the API server knows of a container when a runner finds its pod. `none`: it was never started. `started`: there
 * must have been a run.
 */
export type Known =
  | { readonly kind: "none" }
  | { readonly kind: "started"; readonly restarts: number; readonly startedAt: Date }
  | { readonly kind: "ended"; readonly restarts: number; readonly end: Termination };

const Terminated = z.looseObject({
  exitCode: z.int(),
  reason: z.string().optional(),
  message: z.string().optional(),
  startedAt: z.string().nullish(),
  finishedAt: z.string().nullish(),
});

export function knownOf({ status }: MachinePod, name: string): Known {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const found = all.find((one) => one.name === name);
  const restarts = found?.restartCount ?? 0;
  const { running, terminated, waiting } = found?.state ?? {};
  if (running !== undefined) return { kind: "started", restarts, startedAt: timeOf(running.startedAt) };
  const lastState = z.looseObject({ terminated: Terminated.optional() }).safeParse(found?.["lastState"]).data;
  const end = Terminated.safeParse(terminated).data ?? (waiting === undefined ? undefined : lastState?.terminated);
  return end === undefined ? { kind: "none" } : { kind: "ended", restarts, end: terminationOf(end) };
}

function terminationOf({ exitCode, reason, message, startedAt, finishedAt }: z.infer<typeof Terminated>): Termination {
  const times = { startedAt: timeOf(startedAt), finishedAt: timeOf(finishedAt) };
  return { exitCode, reason: reason ?? (exitCode === 0 ? "Completed" : "Error"), message, ...times };
}

function timeOf(text: string | null | undefined): Date {
  return text === null || text === undefined ? new Date(0) : new Date(text);
}
