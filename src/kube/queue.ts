import { type BackOff, backOffMs, workBackOff } from "./backoff.ts";
import { sleepMs } from "./sleep.ts";

export interface QueueOptions {
  /** How many keys are worked on at once. */
  readonly concurrency: number;
  /** Work on one key. Never runs twice at once for the same key. A throw brings the key back later and later. */
  readonly work: (key: string, options: { readonly signal: AbortSignal }) => Promise<Later | undefined> | Promise<void>;
  /** Ends the queue: what runs is given this signal and waited for (`stopped`), what waits is dropped. */
  readonly signal: AbortSignal;
  /** Before a failed key comes back. It must not throw. */
  readonly onFailure?: (
    key: string,
    error: unknown,
    again: { readonly failures: number; readonly afterMs: number },
  ) => void;
  readonly backOff?: BackOff;
  /** For keys that wait for a time of day: they come when so much time has passed, or when this clock says so. */
  readonly now?: () => Date;
}

export interface Later {
  /** Look again then, unless asked to look sooner. */
  readonly requeueAfterMs?: number | undefined;
}

/** Keys to be looked at, each once however often it was added. */
export interface Queue {
  /** Now: in the order in which keys were added. Added while it is worked on, a key is worked on once more. */
  add(key: string): void;
  /** Not sooner; the earliest of several counts. */
  addAfter(key: string, milliseconds: number): void;
  /** After the signal was aborted and what ran has ended. Never rejects. */
  readonly stopped: Promise<void>;
  counts(): QueueCounts;
}

export interface QueueCounts {
  /** To be worked on now. */
  readonly waiting: number;
  readonly running: number;
  /** Added for later, failed ones included. */
  readonly delayed: number;
  /** Since the beginning. */
  readonly done: number;
  readonly failures: number;
  /** How long the oldest waits for its turn. */
  readonly oldestMs: number;
}

/** setTimeout takes no more. */
const mostTimerMs = 2 ** 31 - 1;
/** A key that was added again while it failed is not tried at once: the failed try itself may have changed the object. */
const mostImpatienceMs = 10_000;

export function openQueue(options: QueueOptions): Queue {
  const { signal } = options;
  const turns = openTurns(options.concurrency);
  const timers = openTimers(add, options);
  const failing = openFailures(options);
  const stopped = Promise.withResolvers<void>();
  let done = 0;

  function add(key: string): void {
    if (signal.aborted) return;
    timers.cancel(key);
    turns.add(key);
    // a moment later, so that what is added several times in one go is worked on once
    queueMicrotask(fill);
  }
  function addAfter(key: string, milliseconds: number): void {
    if (signal.aborted || turns.isWaiting(key)) return;
    if (milliseconds <= 0) add(key);
    else timers.set(key, milliseconds);
  }
  function fill(): void {
    for (let key = turns.begin(); key !== undefined; key = turns.begin()) void run(key);
  }
  async function run(key: string): Promise<void> {
    const later = await attempt(key);
    done++;
    const isAddedAgain = turns.end(key);
    if (signal.aborted) {
      end();
      return;
    }
    if (isAddedAgain) addAfter(key, Math.min(later.failedMs ?? 0, mostImpatienceMs));
    else if (later.requeueAfterMs !== undefined) addAfter(key, later.requeueAfterMs);
    else if (later.failedMs !== undefined) addAfter(key, later.failedMs);
    fill();
  }
  async function attempt(key: string): Promise<Later & { readonly failedMs?: number }> {
    try {
      const later = (await options.work(key, { signal })) as Later | undefined;
      failing.forget(key);
      return later ?? {};
    } catch (error) {
      return signal.aborted ? {} : { failedMs: failing.count(key, error) };
    }
  }
  function end(): void {
    timers.clear();
    turns.clear();
    if (turns.running === 0) stopped.resolve();
  }
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  const counts = () => ({ ...turns.counts(), delayed: timers.size, done, failures: failing.total });
  return { add, addAfter, stopped: stopped.promise, counts };
}

/** Whose turn it is. */
function openTurns(concurrency: number) {
  /** Since when, in the order in which they came. */
  const waiting = new Map<string, number>();
  const running = new Set<string>();
  const again = new Set<string>();
  return {
    add(key: string): void {
      if (running.has(key)) again.add(key);
      else if (!waiting.has(key)) waiting.set(key, performance.now());
    },
    isWaiting: (key: string) => waiting.has(key) || again.has(key),
    /** The next key, which runs from now on. */
    begin(): string | undefined {
      const [key] = running.size < concurrency ? waiting.keys() : [];
      if (key === undefined) return undefined;
      waiting.delete(key);
      running.add(key);
      return key;
    },
    /** Whether it was added while it ran. */
    end(key: string): boolean {
      running.delete(key);
      return again.delete(key);
    },
    clear(): void {
      waiting.clear();
      again.clear();
    },
    get running() {
      return running.size;
    },
    counts() {
      const [since = performance.now()] = waiting.values();
      return { waiting: waiting.size, running: running.size, oldestMs: performance.now() - since };
    },
  };
}

interface Due {
  /** Of the time that passes while the machine is awake. */
  readonly passedMs: number;
  /** By the clock, which may be set. */
  readonly clockMs: number;
}

/** One timer a key; the earliest counts. */
function openTimers(fire: (key: string) => void, { now }: Pick<QueueOptions, "now">) {
  const timers = new Map<string, Due & { readonly handle: NodeJS.Timeout }>();
  // without a clock none goes on: what is left by it is never the least
  const clock = () => now?.().getTime() ?? 0;
  const mostMs = now === undefined ? mostTimerMs : sleepMs(mostTimerMs);
  function cancel(key: string): void {
    clearTimeout(timers.get(key)?.handle);
    timers.delete(key);
  }
  function wait(key: string, { passedMs, clockMs }: Due): void {
    const leftMs = Math.min(passedMs - performance.now(), clockMs - clock());
    if (leftMs <= 0) fire(key);
    else {
      const handle = setTimeout(() => wait(key, { passedMs, clockMs }), Math.min(leftMs, mostMs));
      timers.set(key, { passedMs, clockMs, handle });
    }
  }
  return {
    cancel,
    set(key: string, milliseconds: number): void {
      const passedMs = performance.now() + milliseconds;
      if ((timers.get(key)?.passedMs ?? Number.POSITIVE_INFINITY) <= passedMs) return;
      cancel(key);
      wait(key, { passedMs, clockMs: clock() + milliseconds });
    },
    clear(): void {
      for (const { handle } of timers.values()) clearTimeout(handle);
      timers.clear();
    },
    get size() {
      return timers.size;
    },
  };
}

/** How often in a row each key failed. */
function openFailures({ onFailure, backOff = workBackOff }: QueueOptions) {
  const failures = new Map<string, number>();
  let total = 0;
  return {
    forget: (key: string) => void failures.delete(key),
    /** For how long the key is left alone now. */
    count(key: string, error: unknown): number {
      const inARow = (failures.get(key) ?? 0) + 1;
      failures.set(key, inARow);
      total++;
      const afterMs = backOffMs(inARow, Math.random(), backOff);
      onFailure?.(key, error, { failures: inARow, afterMs });
      return afterMs;
    },
    get total() {
      return total;
    },
  };
}
