import { setTimeout as sleep } from "node:timers/promises";
import type { HostState } from "../api/session-report.ts";
import { Failure } from "../kit/failures.ts";
import type { Log } from "../kit/log.ts";
import { takeShared } from "../repository/past-locks.ts";
import type { Lock, Repository } from "../repository/restic.ts";
import type { ReportChannel } from "./session-report.ts";

/**
 * What to do about locks that stand in the way. restic removes all locks or those it calls stale, never chosen ones; and it
 * knows owners by host name and process number only. So all go when every owner is known to be gone, and never otherwise.
 */
export function decideUnlock(
  locks: readonly Pick<Lock, "hostname">[],
  states: ReadonlyMap<string, HostState>,
): "nothing" | "all" | "stale" {
  if (locks.length === 0) return "nothing";
  return locks.every(({ hostname }) => states.get(hostname) === "gone") ? "all" : "stale";
}

export interface HealerOptions {
  readonly report: ReportChannel;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Removes locks whose owners are gone. Says nothing of the others: whoever needs the lock tries again. */
export async function healLocks(repository: Repository, { report, log, signal }: HealerOptions): Promise<void> {
  const hosts = new Set((await repository.locks({ signal })).map(({ hostname }) => hostname));
  if (hosts.size === 0) return;
  const states = await report.ask([...hosts]);
  // looked at again: one that came meanwhile belongs to somebody alive
  const locks = await repository.locks({ signal });
  const decided = decideUnlock(locks, states);
  log.info({ locks: locks.length, hosts: [...hosts], decided }, "the repository is locked");
  if (decided !== "nothing") await repository.unlock({ all: decided === "all", signal });
}

export interface LockPatience extends HealerOptions {
  /** How long the locks of others that live are waited for. */
  readonly waitMs: number;
  readonly pauseMs?: number;
}

/** Runs `work` again as long as locks stand in its way: after healing, and then every 10 seconds. */
export async function despiteLocks<T>(
  repository: Repository,
  work: () => Promise<T>,
  patience: LockPatience,
): Promise<T> {
  const { waitMs, pauseMs = 10_000, signal } = patience;
  const endMs = performance.now() + waitMs;
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!Failure.is(error, "repository-locked")) throw error;
      if (tries > 1 && performance.now() >= endMs) throw error;
    }
    await healLocks(repository, patience);
    if (tries > 1) await sleep(Math.max(0, Math.min(pauseMs, endMs - performance.now())), undefined, { signal });
  }
}

/** The same repository, whose calls that take a shared lock wait and heal. */
export function patientRepository(repository: Repository, patience: LockPatience): Repository {
  return takeShared(repository, (work) => despiteLocks(repository, work, patience));
}
