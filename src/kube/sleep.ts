/**
 * A timer stands still while the machine sleeps, and does not hear of a clock that is set: whoever waits for a time of
 * day looks at the clock once a minute. (No timer takes more than 24 days either.)
 */
const mostSleepMs = 60_000;

/** For how long to sleep before the clock is looked at again, when so much is left by it; 0: nothing is. */
export function sleepMs(leftMs: number): number {
  return Math.max(0, Math.min(leftMs, mostSleepMs));
}
