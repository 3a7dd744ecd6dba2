import { Failure } from "../kit/failures.ts";

/** Why `signal` was aborted, as a failure: its reason when that is one, `timed-out` after AbortSignal.timeout, else `interrupted`. */
export function abortFailure(signal: AbortSignal): Failure {
  const reason: unknown = signal.reason;
  if (reason instanceof Failure) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError") {
    return new Failure("timed-out", "the time allowed is over", { cause: reason });
  }
  return new Failure("interrupted", "interrupted", { cause: reason });
}

/** Throws `abortFailure` when `signal` is aborted. */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortFailure(signal);
}

/** Calls `listener` once on abort (at once when it has happened). The result forgets the listener; `using` does so too. */
export function onAbort(signal: AbortSignal | undefined, listener: (failure: Failure) => void): Disposable {
  const abort = () => {
    if (signal !== undefined) listener(abortFailure(signal));
  };
  if (signal?.aborted === true) abort();
  else signal?.addEventListener("abort", abort, { once: true });
  return { [Symbol.dispose]: () => signal?.removeEventListener("abort", abort) };
}

/** Waits; rejects with `abortFailure` as soon as `signal` is aborted. */
export async function pause(milliseconds: number, { signal }: { readonly signal?: AbortSignal | undefined } = {}) {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      aborted[Symbol.dispose]();
      resolve();
    }, milliseconds);
    const aborted = onAbort(signal, (failure) => {
      clearTimeout(timer);
      reject(failure);
    });
  });
}
