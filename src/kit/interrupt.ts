import { Failure } from "./failures.ts";

/** What `catchInterrupts` needs of `process`. */
export interface SignalSource {
  on(name: NodeJS.Signals, listener: () => void): unknown;
  off(name: NodeJS.Signals, listener: () => void): unknown;
}

export interface Interrupts extends Disposable {
  /** Aborted with Failure("interrupted") at the first SIGINT, SIGTERM or SIGHUP (the terminal was closed); `details.signal` says which. */
  readonly signal: AbortSignal;
}

const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Turns the first Ctrl-C (or SIGTERM) into an abort, so that what was begun can be cleaned up, and calls
 * `endNow` at the second. `onFirst` may tell the person that cleaning up has begun.
 */
export function catchInterrupts(
  source: SignalSource,
  { endNow, onFirst }: { readonly endNow: () => void; readonly onFirst?: () => void },
): Interrupts {
  const controller = new AbortController();
  const listener = (name: NodeJS.Signals) => () => {
    if (controller.signal.aborted) return endNow();
    onFirst?.();
    controller.abort(new Failure("interrupted", "interrupted", { details: { signal: name } }));
  };
  const listeners = names.map((name) => [name, listener(name)] as const);
  for (const [name, listen] of listeners) source.on(name, listen);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const [name, listen] of listeners) source.off(name, listen);
    },
  };
}
