import type { Waiting } from "./cluster.ts";
import { KubeFailure } from "./failure.ts";
import { pause } from "./requests.ts";

export interface Settling extends Waiting {
  /** How long a refusal is not believed. */
  readonly patienceMs?: number;
  readonly pauseMs?: number;
}

/**
 * What a server says that has just started and has not read its accounts, Roles and kinds yet: it refuses what it allows a
 * moment later.
 */
export function mayBeEarly(error: unknown): boolean {
  return error instanceof KubeFailure && ([401, 403].includes(error.status) || error.reason === "NotServed");
}

/** Does it again while the server may only be too young to allow it. `work` may be done several times. */
export async function onceSettled<T>(
  work: () => Promise<T>,
  { patienceMs = 10_000, pauseMs = 500, signal }: Settling,
): Promise<T> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!mayBeEarly(error) || performance.now() + pauseMs > endMs) throw error;
    }
    await pause(pauseMs, signal);
  }
}
