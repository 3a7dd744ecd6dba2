import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { backOffMs } from "./backoff.ts";
import { openQueue, type Queue, type QueueOptions } from "./queue.ts";

const fast = { firstMs: 20, mostMs: 80 };

interface Started extends Disposable {
  readonly queue: Queue;
  /** Keys in the order in which work on them began. */
  readonly begun: string[];
  readonly stop: AbortController;
}

function start(options: Partial<QueueOptions> = {}): Started {
  const stop = new AbortController();
  const begun: string[] = [];
  const queue = openQueue({
    ...{ concurrency: 1, signal: stop.signal, backOff: fast, ...options },
    work: async (key, given) => {
      begun.push(key);
      return (await options.work?.(key, given)) ?? undefined;
    },
  });
  return { queue, begun, stop, [Symbol.dispose]: () => stop.abort() };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let waited = 0; !isTrue(); waited += 5) {
    if (waited > 5_000) throw new Error("waited in vain");
    await sleep(5);
  }
}

describe("a queue", () => {
  test("works on each key once, in the order in which they came", async () => {
    using world = start();
    for (const key of ["a", "b", "a", "c", "b"]) world.queue.add(key);
    expect(world.queue.counts()).toMatchObject({ waiting: 3, running: 0 });
    await until(() => world.queue.counts().done === 3);
    expect(world.begun).toEqual(["a", "b", "c"]);
  });
  test("works once more on a key that is added meanwhile, never twice at once", async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let at = 0;
    using world = start({ concurrency: 5, work: async () => await gates[at++]?.promise });
    world.queue.add("a");
    await until(() => world.begun.length === 1);
    for (let times = 0; times < 3; times++) world.queue.add("a");
    await sleep(20);
    expect(world.begun).toEqual(["a"]);
    gates[0]?.resolve();
    await until(() => world.begun.length === 2);
    gates[1]?.resolve();
    await until(() => world.queue.counts().done === 2);
    await sleep(20);
    expect(world.begun).toEqual(["a", "a"]);
  });
  test("works on as many at once as it may", async () => {
    const gate = Promise.withResolvers<void>();
    using world = start({ concurrency: 3, work: () => gate.promise });
    for (const key of "abcdef") world.queue.add(key);
    await sleep(20);
    expect(world.queue.counts()).toMatchObject({ running: 3, waiting: 3 });
    expect(world.queue.counts().oldestMs).toBeGreaterThan(10);
    gate.resolve();
    await until(() => world.queue.counts().done === 6);
  });

  test("whatever is added, works on each key after its last add, and never twice at once", async () => {
    const step = fc.record({ key: fc.constantFrom("a", "b", "c"), waitMs: fc.nat(3), afterMs: fc.nat(4) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 20 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, concurrency) => {
          const running = new Set<string>();
          const seen = new Map<string, number>();
          const added = new Map<string, number>();
          let clock = 0;
          using world = start({
            concurrency,
            work: async (key) => {
              expect(running.has(key)).toBe(false);
              running.add(key);
              seen.set(key, clock++);
              await sleep(1);
              running.delete(key);
            },
          });
          for (const { key, waitMs, afterMs } of steps) {
            added.set(key, clock++);
            if (afterMs === 0) world.queue.add(key);
            else world.queue.addAfter(key, afterMs);
            if (waitMs > 0) await sleep(waitMs);
          }
          await until(() => {
            const { waiting, running: now, delayed } = world.queue.counts();
            return waiting + now + delayed === 0;
          });
          for (const [key, at] of added) expect(seen.get(key)).toBeGreaterThan(at);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("a key that fails", () => {
  test("comes back later and later, and is forgotten when it works", async () => {
    const told: number[] = [];
    let tries = 0;
    using world = start({
      onFailure: (_key, _error, { failures }) => void told.push(failures),
      work: async () => {
        if (++tries !== 4 && tries < 6) throw new Error("no");
      },
    });
    world.queue.add("a");
    await until(() => tries === 4);
    world.queue.add("a");
    await until(() => tries === 6);
    expect(told).toEqual([1, 2, 3, 1]);
    expect(world.queue.counts().failures).toBe(4);
  });
  test("does not hold up others", async () => {
    using world = start({
      backOff: { firstMs: 60_000, mostMs: 60_000 },
      work: async (key) => {
        if (key === "bad") throw new Error("no");
      },
    });
    world.queue.add("bad");
    world.queue.add("good");
    await until(() => world.queue.counts().done === 2);
    expect(world.queue.counts()).toMatchObject({ delayed: 1, waiting: 0 });
  });
  test("is tried at once when something changed", async () => {
    let isBad = true;
    using world = start({
      backOff: { firstMs: 60_000, mostMs: 60_000 },
      work: async () => {
        if (isBad) throw new Error("no");
      },
    });
    world.queue.add("a");
    await until(() => world.queue.counts().failures === 1);
    isBad = false;
    world.queue.add("a");
    await until(() => world.queue.counts().done === 2);
  });
  test("is not tried without a pause when its own failing changes it", async () => {
    using world = start({
      backOff: { firstMs: 50, mostMs: 50 },
      work: async (key) => {
        world.queue.add(key);
        throw new Error("no");
      },
    });
    const since = performance.now();
    world.queue.add("a");
    await sleep(200);
    const runs = world.begun.length;
    // chance takes up to a quarter off each pause
    expect(runs).toBeLessThanOrEqual(1 + (performance.now() - since) / (50 * 0.75));
    await until(() => world.begun.length > 2);
  });
  test("may fail before it awaits anything", async () => {
    using world = start({
      work: () => {
        throw new Error("no");
      },
    });
    world.queue.add("a");
    await until(() => world.queue.counts().failures > 1);
  });
});

describe("a key for later", () => {
  test("comes at its earliest time", async () => {
    using world = start();
    world.queue.addAfter("a", 60_000);
    world.queue.addAfter("a", 30);
    world.queue.addAfter("a", 90_000);
    expect(world.queue.counts().delayed).toBe(1);
    await until(() => world.begun.length === 1);
    await sleep(20);
    expect(world.queue.counts().delayed).toBe(0);
  });
  test("comes when its work asked for it", async () => {
    using world = start({ work: async () => ({ requeueAfterMs: 10 }) });
    world.queue.add("a");
    await until(() => world.begun.length > 2);
  });
  test("is not waited for when it is added for now", async () => {
    using world = start();
    world.queue.addAfter("a", 60_000);
    world.queue.add("a");
    await until(() => world.begun.length === 1);
    expect(world.queue.counts().delayed).toBe(0);
  });
  test("may be for a month", async () => {
    using world = start();
    world.queue.addAfter("a", 40 * 24 * 3_600_000);
    await sleep(20);
    expect(world.begun).toEqual([]);
  });
});

describe("an end", () => {
  test("drops what waits, and waits for what runs", async () => {
    let ended = false;
    using world = start({
      work: async (_key, { signal }) => {
        await sleep(60_000, undefined, { signal }).catch(() => sleep(30));
        ended = true;
        throw new Error("interrupted");
      },
    });
    for (const key of "abc") world.queue.add(key);
    world.queue.addAfter("d", 10);
    await until(() => world.begun.length === 1);
    world.stop.abort();
    await world.queue.stopped;
    expect(ended).toBe(true);
    expect(world.begun).toEqual(["a"]);
    expect(world.queue.counts()).toMatchObject({ waiting: 0, running: 0, delayed: 0, failures: 0 });
    world.queue.add("e");
    expect(world.queue.counts().waiting).toBe(0);
  });
  test("comes at once when nothing runs", async () => {
    using world = start();
    world.stop.abort();
    await world.queue.stopped;
    const late = openQueue({ concurrency: 1, signal: world.stop.signal, work: async () => undefined });
    await late.stopped;
  });
});

describe("the back-off", () => {
  test.each([
    [0, 1, 0],
    [1, 1, 200],
    [1, 0, 150],
    [4, 1, 1_600],
    [11, 1, 204_800],
    [12, 1, 300_000],
    [5_000, 1, 300_000],
    [5_000, 0, 225_000],
  ])("after %i failures, by chance %d, is %i ms", (failures, chance, milliseconds) => {
    expect(backOffMs(failures, chance)).toBe(milliseconds);
  });
});

describe("a key that waits for a time of day", () => {
  const nightMs = 8 * 3_600_000;
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  test.each<[string, { readonly goesOnMs: number; readonly passMs: number }, readonly string[]]>([
    ["does not come before", { goesOnMs: 0, passMs: nightMs - 1 }, []],
    ["comes then", { goesOnMs: 0, passMs: nightMs }, ["a"]],
    ["comes soon after the machine slept meanwhile", { goesOnMs: nightMs, passMs: 60_000 }, ["a"]],
    ["comes in good time after the clock went on in part", { goesOnMs: nightMs / 2, passMs: nightMs / 2 }, ["a"]],
    ["is looked at again when the clock was set back", { goesOnMs: -nightMs, passMs: nightMs }, ["a"]],
  ])("%s", async (_title, { goesOnMs, passMs }, expected) => {
    using world = start({ now: () => new Date() });
    world.queue.addAfter("a", nightMs);
    await vi.advanceTimersByTimeAsync(1000);
    vi.setSystemTime(Date.now() + goesOnMs);
    await vi.advanceTimersByTimeAsync(passMs - 1000);
    expect(world.begun).toEqual(expected);
    expect(world.queue.counts().delayed).toBe(1 - expected.length);
  });

  test("gives way to an earlier one", async () => {
    using world = start({ now: () => new Date() });
    world.queue.addAfter("a", nightMs);
    world.queue.addAfter("a", 90_000);
    await vi.advanceTimersByTimeAsync(90_000);
    expect(world.begun).toEqual(["a"]);
  });

  test("is not gone by where only the time counts that has passed", async () => {
    using world = start();
    world.queue.addAfter("a", nightMs);
    vi.setSystemTime(Date.now() + nightMs);
    await vi.advanceTimersByTimeAsync(nightMs - 1);
    expect(world.begun).toEqual([]);
  });
});
