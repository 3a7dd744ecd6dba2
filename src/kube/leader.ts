import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../kit/failures.ts";
import { mayTake, newLease, type Observation, observe, releasedLease, type Term, takenLease } from "./claim.ts";
import type { Cluster, Waiting } from "./cluster.ts";
import { type Lease, leases } from "./core.ts";
import { KubeFailure } from "./failure.ts";
import { pause } from "./requests.ts";
import type { Key } from "./resource.ts";

export interface LeadOptions extends Waiting {
  readonly lease: Key;
  /** Unique to this process. */
  readonly identity: string;
  /**
   * What the leader does. Its signal is aborted when the lease is lost or `signal` is aborted; others may lead five seconds
   * later (duration less renewal), so it must stop by then. When it ends by itself the lease is given back and `lead` ends.
   */
  readonly onLead: (signal: AbortSignal) => Promise<void>;
  /** What went wrong with the lease; it goes on by itself. */
  readonly onTrouble?: (error: unknown) => void;
  /** Whoever is seen to hold the lease: "" for nobody. Called when it changes. */
  readonly onHolder?: (identity: string) => void;
  readonly times?: Partial<LeadTimes>;
}

export interface LeadTimes {
  /** Others wait so long for the holder's next sign of life. */
  readonly durationMs: number;
  /** The holder gives up when it could not give one for so long. */
  readonly renewMs: number;
  /** Between two tries. */
  readonly retryMs: number;
}

export const usualTimes: LeadTimes = { durationMs: 15_000, renewMs: 10_000, retryMs: 2_000 };
const releaseMs = 3_000;

interface Contest extends LeadOptions {
  readonly cluster: Cluster;
  readonly times: LeadTimes;
}

/** A lease that is ours, as of when its last renewal was begun. */
interface Hold {
  readonly lease: Lease;
  readonly renewedMs: number;
}

/**
 * Leads whenever nobody else does, until the signal is aborted (then it ends, having given the lease back) or `onLead` ends.
 * Rejects only with what `onLead` throws.
 */
export async function lead(cluster: Cluster, options: LeadOptions): Promise<void> {
  const contest: Contest = { ...options, cluster, times: { ...usualTimes, ...options.times } };
  for (;;) {
    const hold = await acquire(contest);
    if (hold === undefined) return;
    if ((await reign(contest, hold)) !== "lost") return;
  }
}

/** undefined: the signal was aborted first. */
async function acquire(contest: Contest): Promise<Hold | undefined> {
  const { signal, times, onTrouble } = contest;
  let seen: Observation | undefined;
  while (!signal.aborted) {
    try {
      const tried = await tryToTake(contest, seen);
      if ("lease" in tried) return tried;
      if (tried.seen?.holder !== seen?.holder) contest.onHolder?.(tried.seen?.holder ?? "");
      seen = tried.seen;
    } catch (error) {
      if (!signal.aborted) onTrouble?.(error);
    }
    await pause(times.retryMs * (0.9 + Math.random() / 5), signal).catch(() => undefined);
  }
  return undefined;
}

async function tryToTake(
  contest: Contest,
  before: Observation | undefined,
): Promise<Hold | { readonly seen: Observation | undefined }> {
  const { cluster, lease: key } = contest;
  const renewedMs = performance.now();
  const signal = AbortSignal.any([contest.signal, AbortSignal.timeout(contest.times.renewMs)]);
  const { namespace, name } = key;
  try {
    const lease = await cluster.get(leases, key, { signal });
    if (lease === undefined) {
      const made = await cluster.create(leases, newLease({ namespace, name }, termOf(contest)), { signal });
      return won(contest, { lease: made, renewedMs });
    }
    const seen = observe(lease, before, performance.now());
    if (!mayTake(lease, seen, { identity: contest.identity, nowMs: performance.now() })) return { seen };
    const taken = await cluster.replace(leases, takenLease(lease, termOf(contest)), { signal });
    return won(contest, { lease: taken, renewedMs });
  } catch (error) {
    // somebody was quicker
    if (KubeFailure.isReason(error, "Conflict", "AlreadyExists")) return { seen: before };
    throw error;
  }
}

function won({ onHolder, identity }: Contest, hold: Hold): Hold {
  onHolder?.(identity);
  return hold;
}

/** Lets `onLead` run and renews the lease while it does, also while it comes to its end. */
async function reign(contest: Contest, first: Hold): Promise<"lost" | "ended"> {
  const { signal, onLead, onTrouble } = contest;
  const lost = new AbortController();
  const done = new AbortController();
  const leading = AbortSignal.any([signal, lost.signal]);
  const work = Promise.resolve(leading)
    .then(onLead)
    .catch((error: unknown) => {
      // it said that it was told to stop
      if (!leading.aborted || !Failure.is(error, "interrupted")) throw error;
    })
    .finally(() => done.abort());
  // looked at below
  work.catch(() => undefined);
  const last = await renewUntil(contest, first, done.signal);
  if (last !== undefined) {
    await release(contest, last);
    await work;
    return "ended";
  }
  contest.onHolder?.("");
  lost.abort(new Failure("interrupted", "the lease is lost"));
  await work.catch((error: unknown) => onTrouble?.(error));
  return signal.aborted ? "ended" : "lost";
}

/** The lease as it was when `done` was aborted; undefined when it could not be renewed in time, or somebody else has it. */
async function renewUntil(contest: Contest, first: Hold, done: AbortSignal): Promise<Hold | undefined> {
  const { times } = contest;
  let hold = first;
  while (!done.aborted) {
    await pause(Math.min(times.retryMs, leftMs(contest, hold)), done).catch(() => undefined);
    if (done.aborted) break;
    // also when a request does not end when it is told to
    const renewed = await Promise.race([renew(contest, hold), sleep(leftMs(contest, hold), hold, { ref: false })]);
    if (renewed === "taken") return undefined;
    hold = renewed;
    if (leftMs(contest, hold) === 0) return undefined;
  }
  return hold;
}

/** One try. `hold` as it was when it did not work. */
async function renew(contest: Contest, hold: Hold): Promise<Hold | "taken"> {
  const { cluster, lease: key, identity, onTrouble } = contest;
  const renewedMs = performance.now();
  // not ended when the work is done: half a renewal would stand in the way of giving the lease back
  const signal = AbortSignal.timeout(Math.max(1, leftMs(contest, hold)));
  try {
    return { lease: await cluster.replace(leases, takenLease(hold.lease, termOf(contest)), { signal }), renewedMs };
  } catch (error) {
    onTrouble?.(error);
    if (!KubeFailure.isReason(error, "Conflict", "NotFound")) return hold;
  }
  const now = await cluster.get(leases, key, { signal }).catch(() => hold.lease);
  return now?.spec?.holderIdentity === identity ? { ...hold, lease: now } : "taken";
}

/** Until the lease must be thought lost. */
function leftMs({ times }: Contest, { renewedMs }: Hold): number {
  return Math.max(0, Math.ceil(renewedMs + times.renewMs - performance.now()));
}

/** So that the next need not wait. Whatever goes wrong: the lease runs out by itself. */
async function release({ cluster, onTrouble }: Contest, { lease }: Hold): Promise<void> {
  try {
    await cluster.replace(leases, releasedLease(lease, new Date()), { signal: AbortSignal.timeout(releaseMs) });
  } catch (error) {
    onTrouble?.(error);
  }
}

function termOf({ identity, times }: Contest): Term {
  return { identity, durationMs: times.durationMs, now: new Date() };
}
