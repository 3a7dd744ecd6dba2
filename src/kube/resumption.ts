import { KubeFailure } from "./failure.ts";

/** How a list or a watch ended. */
export interface End {
  /** undefined: the server ended it properly. */
  readonly error: unknown;
  /** Whether anything came, a bookmark included. */
  readonly wasHeard: boolean;
  readonly lastedMs: number;
}

/** How often in a row it went wrong; all 0 at the beginning. */
export interface Streak {
  readonly failures: number;
  /** Watches that lasted long and in which not even a bookmark came. */
  readonly quiet: number;
}

export interface Resumption {
  /** List again: the version that we have is of no use. */
  readonly relist: boolean;
  readonly pauseMs: number;
  readonly streak: Streak;
  /** Worth a line in the log: not the end that we asked the server for. */
  readonly isTrouble: boolean;
}

/** A watch that ends sooner than this without a word is not one that went well. */
const shortMs = 5_000;
const mostPauseMs = 10_000;
const mostRetryAfterMs = 60_000;
/** So that a hundred watches that a restarted server dropped do not come back at once. */
const spreadMs = 200;
/**
 * A server that was set back (etcd restored from a backup) takes versions from its future and never says a word. Bookmarks
 * come every minute, so this many quiet watches in a row are asked for by listing again.
 */
const mostQuiet = 2;

/** How to go on, for good: nothing ends a watch but its signal. `chance` is from 0 to 1. */
export function resume(end: End, streak: Streak, chance: number): Resumption {
  const { error } = end;
  if (isUseless(error)) {
    const failures = streak.failures + 1;
    return { relist: true, pauseMs: pauseAfter(failures - 1, chance), streak: { failures, quiet: 0 }, isTrouble: true };
  }
  if (end.wasHeard) return { ...calm(chance), streak: { failures: 0, quiet: 0 }, isTrouble: error !== undefined };
  if (end.lastedMs >= shortMs) {
    const quiet = streak.quiet + 1;
    const relist = quiet >= mostQuiet;
    const next = { failures: 0, quiet: relist ? 0 : quiet };
    return { ...calm(chance), relist, streak: next, isTrouble: error !== undefined };
  }
  const failures = streak.failures + 1;
  const retryAfterMs = error instanceof KubeFailure ? (error.retryAfterMs ?? 0) : 0;
  const pauseMs = Math.max(pauseAfter(failures, chance), Math.min(retryAfterMs, mostRetryAfterMs) * (1 + chance / 5));
  return { relist: false, pauseMs, streak: { ...streak, failures }, isTrouble: true };
}

/** The version is too old, or not one that this server knows. */
function isUseless(error: unknown): boolean {
  return KubeFailure.isReason(error, "Expired", "BadRequest", "Invalid");
}

function calm(chance: number) {
  return { relist: false, pauseMs: spreadMs * chance };
}

function pauseAfter(failures: number, chance: number): number {
  return failures <= 0 ? spreadMs * chance : Math.min(mostPauseMs, 250 * 2 ** (failures - 1)) * (0.5 + chance / 2);
}
