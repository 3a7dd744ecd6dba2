import type { Ending } from "./pod-context.ts";
import type { EndCause } from "./status.ts";

export interface EndRequest {
  /** Why the node wants it; absent when the pod was deleted. */
  readonly cause?: EndCause;
  readonly graceMs: number;
}

export interface PodEnding extends Ending {
  /** Asked again, the shorter grace and the first cause count. */
  ask(request: EndRequest): void;
  cause(): EndCause | undefined;
  /** Everything has ended. */
  close(): void;
}

export function openEnding(): PodEnding {
  const asked = new AbortController();
  const forced = new AbortController();
  let cause: EndCause | undefined;
  let due = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  return {
    asked: asked.signal,
    forced: forced.signal,
    cause: () => cause,
    ask(request) {
      if (isClosed) return;
      if (!asked.signal.aborted) cause = request.cause;
      asked.abort();
      const next = performance.now() + request.graceMs;
      if (next >= due) return;
      due = next;
      clearTimeout(timer);
      if (request.graceMs <= 0) return forced.abort();
      timer = setTimeout(() => forced.abort(), request.graceMs);
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
