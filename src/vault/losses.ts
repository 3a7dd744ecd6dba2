import type { StreamState } from "../nats/stream.ts";
import { liveOf, type Manifest } from "./manifest.ts";
import type { Sample } from "./sample.ts";
import { SequenceSet } from "./sequence-set.ts";

/** What a stream's own limits may take away as soon as it is restored. */
export interface Limits {
  /** Nanoseconds; 0 for none. */
  readonly maxAge: bigint;
  /** Messages that were stored with a time to live, where the stream honours it. */
  readonly withTtl: bigint;
}

/** A server's clock may be ahead of ours this much. */
const clockSkewNs = 60_000_000_000n;

/**
 * How many messages a stream's limits took away, or undefined when more (or fewer) are there than they explain. Age takes
 * from the front, a time to live anywhere; and publishers may have found the stream already: each new message may have
 * taken the place of an old one.
 */
export function explainLosses(manifest: Manifest, state: StreamState, limits: Limits): bigint | undefined {
  const expected = manifest.state;
  const added = state.last_seq - expected.lastSequence;
  const gone = expected.messages + added - state.messages;
  if (added < 0n || gone < 0n) return undefined;
  if (gone <= added) return 0n;
  const mayBeGone = added + (limits.maxAge > 0n ? liveBelow(manifest, state.first_seq) : 0n) + limits.withTtl;
  return gone <= mayBeGone ? gone - added : undefined;
}

/** Whether a message that is missing is one that the stream's limits took away by `nowMs`. */
export function isExpired(sample: Sample, { maxAge, withTtl }: Limits, nowMs: number): boolean {
  if (sample.hasTtl && withTtl > 0n) return true;
  return maxAge > 0n && sample.timestamp + maxAge <= BigInt(nowMs) * 1_000_000n + clockSkewNs;
}

function liveBelow(manifest: Manifest, sequence: bigint): bigint {
  return sequence <= 1n ? 0n : liveOf(manifest).and(SequenceSet.of([[1n, sequence - 1n]])).count;
}
