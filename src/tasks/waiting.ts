import { setTimeout as sleep } from "node:timers/promises";
import { Failure, type FailureCode } from "../kit/failures.ts";
import { formatDuration } from "../kit/quantities.ts";
import { tlsTroubleOf } from "../nats/tls-trouble.ts";

export interface Patience {
  /** From the first try on. */
  readonly waitMs: number;
  /** Whether another try makes sense. */
  readonly isPassing: (failure: Failure) => boolean;
  /** Told of every new reason, so that it can be shown while it lasts. */
  readonly onTrouble: (failure: Failure, giveUpAt: Date) => Promise<void>;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** Between tries: the first soon, for most troubles are short. */
const [firstPauseMs, longestPauseMs] = [1_000, 15_000];

/** Tries until it works, for `waitMs`. What a second try cannot change is thrown at once. */
export async function patiently<T>(attempt: () => Promise<T>, patience: Patience): Promise<T> {
  const { waitMs, isPassing, onTrouble, now, signal } = patience;
  const giveUpAt = new Date(now().getTime() + waitMs);
  let told: string | undefined;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!Failure.is(error) || !isPassing(error)) throw error;
      if (now() >= giveUpAt) throw givenUp(error, waitMs);
      if (error.message !== told) await onTrouble(error, giveUpAt);
      told = error.message;
    }
    const leftMs = giveUpAt.getTime() - now().getTime();
    await sleep(Math.max(0, Math.min(pauseMs, leftMs)), undefined, { signal });
  }
}

function givenUp(error: Failure, waitMs: number): Failure {
  const { code, message, cause, hint, details } = error;
  const more = hint === undefined ? { cause, details } : { cause, details, hint };
  return new Failure(code, `${message} (tried for ${formatDuration(waitMs)})`, more);
}

const serverCodes: readonly FailureCode[] = ["server-unreachable", "timed-out"];

/** A NATS server may come up; a certificate or a protocol that does not fit stays as it is. */
export function isServerComing(failure: Failure): boolean {
  return serverCodes.includes(failure.code) && tlsTroubleOf(failure) === undefined;
}
