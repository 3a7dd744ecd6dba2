import { z } from "zod";
import type { Lock } from "./locks.ts";

/** What is kept of a restic that this library started, so that whoever meets its lock can tell whether it lives. */
export const Run = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** Changes with each start of the machine. */
  boot: z.string().min(1),
  /** Of the PIDs: a number says nothing in another one. */
  namespace: z.string().min(1),
  /** Ticks between the machine's start and the process's: with the pid, its identity. */
  start: z.string().min(1),
  /** Stays over a start of the machine. */
  machine: z.string().min(1).optional(),
  /** The repository's address, as it is shown. */
  repository: z.string(),
  /** Just before it was started. */
  begun: z.iso.datetime().transform((text) => new Date(text)),
});
export type Run = Readonly<z.infer<typeof Run>>;

export interface SeenRun extends Run {
  /** When whoever started it last said that it is there: every 30 seconds while both live. */
  readonly seen: Date;
  /** Whether the process with its pid and start lives. Says nothing where the PID namespace or the boot is another one. */
  readonly isAlive: boolean;
}

/** Where and when it is asked. */
export interface Here extends Pick<Run, "host" | "boot" | "namespace" | "machine"> {
  readonly booted: Date;
}

export const seenEveryMs = 30_000;
/** A lock that came later than this after the last sign is another process's. */
const unseenMs = 2 * seenEveryMs;

export type Owned = Pick<Lock, "hostname" | "pid" | "time">;

/**
 * Whether every lock is known to be of a run of ours, and each of these runs to be over. restic's own rule, "its host name is
 * mine and its number nobody's here", is wrong where PID namespaces share a host name, so more is asked for before
 * `restic unlock` may apply it.
 */
export function areLeftBehind(locks: readonly Owned[], runs: readonly SeenRun[], here: Here): boolean {
  return (
    locks.length > 0 &&
    locks.every((lock) => {
      const owners = runs.filter((run) => canOwn(run, lock, here));
      return owners.length > 0 && owners.every((run) => isOver(run, here));
    })
  );
}

/** Whether a lock can be a run's: its number, its host name, and a time at which it was there. */
function canOwn(run: SeenRun, { hostname, pid, time }: Owned, { host, boot, booted }: Here): boolean {
  const end = run.boot === boot ? run.seen.getTime() + unseenMs : booted.getTime();
  const isThen = time.getTime() >= run.begun.getTime() && time.getTime() < end;
  return pid === run.pid && hostname === run.host && hostname === host && isThen;
}

/** Whether a run is known to have ended: it does not live here, or this machine was started since. */
export function isOver(run: SeenRun, here: Here): boolean {
  if (run.machine !== here.machine) return false;
  if (run.boot !== here.boot) return run.machine !== undefined;
  return run.namespace === here.namespace && !run.isAlive;
}
