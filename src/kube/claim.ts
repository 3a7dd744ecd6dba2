import { formatMicroTime } from "../kit/quantities.ts";
import type { Draft } from "./cluster.ts";
import type { Lease } from "./core.ts";

/** A lease as this process saw it change last, by its own clock: that of whoever wrote it may be wrong. */
export interface Observation {
  readonly holder: string;
  readonly version: string;
  readonly sinceMs: number;
}

/** `nowMs` is monotonic. */
export function observe(lease: Lease, before: Observation | undefined, nowMs: number): Observation {
  const holder = lease.spec?.holderIdentity ?? "";
  const version = lease.metadata.resourceVersion ?? "";
  return before?.version === version ? before : { holder, version, sinceMs: nowMs };
}

/** Whether `identity` may take the lease: nobody holds it, or its holder has not renewed it for as long as it promised to. */
export function mayTake(
  lease: Lease,
  seen: Observation,
  { identity, nowMs }: { identity: string; nowMs: number },
): boolean {
  if (seen.holder === "" || seen.holder === identity) return true;
  const durationMs = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
  return nowMs - seen.sinceMs >= durationMs;
}

export interface Term {
  readonly identity: string;
  readonly durationMs: number;
  readonly now: Date;
}

export function newLease(metadata: Draft["metadata"], term: Term): Draft {
  return { metadata, spec: { ...held(term), acquireTime: formatMicroTime(term.now), leaseTransitions: 0 } };
}

export function takenLease(lease: Lease, term: Term): Lease {
  const { spec } = lease;
  const isNew = spec?.holderIdentity !== term.identity;
  const taken = { acquireTime: formatMicroTime(term.now), leaseTransitions: (spec?.leaseTransitions ?? 0) + 1 };
  return { ...lease, spec: { ...spec, ...held(term), ...(isNew ? taken : {}) } };
}

/** Free for anybody at once. */
export function releasedLease(lease: Lease, now: Date): Lease {
  return {
    ...lease,
    spec: { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: formatMicroTime(now) },
  };
}

function held({ identity, durationMs, now }: Term) {
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.max(1, Math.round(durationMs / 1000)),
    renewTime: formatMicroTime(now),
  };
}
