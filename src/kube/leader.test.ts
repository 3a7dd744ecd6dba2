import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type Call, memoryCluster, refused } from "../../tests/support/memory-cluster.ts";
import { Failure } from "../kit/failures.ts";
import type { Cluster } from "./cluster.ts";
import { leases } from "./core.ts";
import { type LeadOptions, lead } from "./leader.ts";

const key = { namespace: "coldstream", name: "leader" };
/** The lease counts whole seconds. */
const times = { durationMs: 1_000, renewMs: 600, retryMs: 100 };
const signal = AbortSignal.timeout(60_000);

/** Where the holder must have noticed long before others may lead, however slowly this runs. */
const longLease = { ...times, durationMs: 3_000 };
/** Somebody who leads until told to stop; `leading` says whether, `sinceMs` from when on. */
function contender(cluster: Cluster, identity: string, options: Partial<LeadOptions> = {}) {
  const stop = new AbortController();
  const state = { leading: false, sinceMs: 0, terms: 0, trouble: [] as unknown[], holders: [] as string[] };
  const ended = lead(cluster, {
    ...{ lease: key, identity, times, signal: stop.signal },
    onTrouble: (error) => void state.trouble.push(error),
    onHolder: (holder) => void state.holders.push(holder),
    onLead: async (leading) => {
      state.leading = true;
      state.sinceMs = performance.now();
      state.terms++;
      await sleep(60_000, undefined, { signal: leading }).catch(() => undefined);
      state.leading = false;
    },
    ...options,
  });
  return { state, stop, ended };
}

async function until(isTrue: () => boolean | Promise<boolean>, mostMs = 5_000): Promise<void> {
  for (let waited = 0; !(await isTrue()); waited += 10) {
    if (waited > mostMs) throw new Error("waited in vain");
    await sleep(10);
  }
}

const holderOf = async (cluster: Cluster) => (await cluster.get(leases, key, { signal }))?.spec?.holderIdentity;

describe("one of two", () => {
  test("leads, renews, and gives the lease back, so that the other leads at once", async () => {
    const cluster = memoryCluster();
    const [one, two] = [contender(cluster, "one"), contender(cluster, "two")];
    await until(() => one.state.leading || two.state.leading);
    const [leader, other] = one.state.leading ? [one, two] : [two, one];
    await sleep(1_500);
    expect(leader.state).toMatchObject({ leading: true, terms: 1 });
    expect(other.state).toMatchObject({ leading: false, terms: 0 });
    leader.stop.abort();
    await leader.ended;
    expect(leader.state.leading).toBe(false);
    await until(() => other.state.leading, 400);
    other.stop.abort();
    await other.ended;
    expect(await holderOf(cluster)).toBe("");
    expect(new Set(other.state.holders).size).toBe(2);
  });
  test("takes over from one that died, after its time", async () => {
    const cluster = memoryCluster();
    const spec = { holderIdentity: "dead", leaseDurationSeconds: 1 };
    await cluster.create(leases, { metadata: key, spec }, { signal });
    const begunMs = performance.now();
    const one = contender(cluster, "one");
    await until(() => one.state.leading, 1_800);
    expect(one.state.sinceMs - begunMs).toBeGreaterThanOrEqual(1_000);
    one.stop.abort();
    await one.ended;
  });
  test("never leads while the other does, whatever happens to the requests", async () => {
    let broken = "";
    const failing =
      (identity: string) =>
      async ({ verb }: Call) => {
        if (broken !== identity) return;
        if (Math.random() < 0.5) await sleep(Math.random() * 900);
        if (verb !== "get") throw refused(500, "InternalError", "lease");
      };
    const shared = memoryCluster();
    const through = (identity: string): Cluster => {
      const disturb = failing(identity);
      return {
        ...shared,
        get: async (resource, at, waiting) => {
          await disturb({ verb: "get", text: "", signal: waiting.signal });
          return await shared.get(resource, at, waiting);
        },
        replace: async (resource, object, waiting) => {
          await disturb({ verb: "replace", text: "", signal: waiting.signal });
          return await shared.replace(resource, object, waiting);
        },
      };
    };
    const both = ["one", "two"].map((identity) => contender(through(identity), identity));
    const watched = async () => {
      for (let round = 0; round < 480; round++) {
        expect(both.filter(({ state }) => state.leading).length).toBeLessThan(2);
        await sleep(10);
      }
    };
    const breaking = async () => {
      for (const identity of ["one", "two", ""]) {
        broken = identity;
        await sleep(1_600);
      }
    };
    await Promise.all([watched(), breaking()]);
    expect(both[0]?.state.terms).toBeGreaterThan(0);
    expect(both[1]?.state.terms).toBeGreaterThan(0);
    for (const { stop } of both) stop.abort();
    await Promise.all(both.map(({ ended }) => ended));
  });
});

describe("the leader", () => {
  test("stops in time when it cannot renew, and leads again when it can", async () => {
    let isDown = false;
    const cluster = memoryCluster(() => {
      if (isDown) throw refused(503, "ServiceUnavailable", "lease");
    });
    const one = contender(cluster, "one", { times: longLease });
    await until(() => one.state.leading);
    isDown = true;
    const since = performance.now();
    await until(() => !one.state.leading);
    expect(performance.now() - since).toBeLessThan(longLease.durationMs);
    expect(one.state.trouble.length).toBeGreaterThan(1);
    isDown = false;
    await until(() => one.state.leading);
    expect(one.state.terms).toBe(2);
    one.stop.abort();
    await one.ended;
  });
  test("stops when a renewal gets no answer", async () => {
    let isStuck = false;
    const cluster = memoryCluster(async (call) => {
      if (isStuck) await sleep(60_000, undefined, { signal: call.signal });
    });
    const one = contender(cluster, "one", { times: longLease });
    await until(() => one.state.leading);
    isStuck = true;
    const since = performance.now();
    await until(() => !one.state.leading);
    expect(performance.now() - since).toBeLessThan(longLease.durationMs);
    one.stop.abort();
    await one.ended;
  });
  test("stops at once when somebody else has the lease", async () => {
    const cluster = memoryCluster();
    const one = contender(cluster, "one");
    await until(() => one.state.leading);
    await cluster.patch(leases, key, {
      merge: { spec: { holderIdentity: "other", leaseDurationSeconds: 60 } },
      signal,
    });
    await until(() => !one.state.leading, 400);
    one.stop.abort();
    await one.ended;
    expect(await holderOf(cluster)).toBe("other");
  });
  test("goes on when somebody else changed the lease's labels", async () => {
    const cluster = memoryCluster();
    const one = contender(cluster, "one");
    await until(() => one.state.leading);
    await cluster.patch(leases, key, { merge: { metadata: { labels: { a: "b" } } }, signal });
    await sleep(1_000);
    expect(one.state).toMatchObject({ leading: true, terms: 1 });
    one.stop.abort();
    await one.ended;
    expect((await cluster.get(leases, key, { signal }))?.metadata.labels).toEqual({ a: "b" });
  });
  test("keeps the lease until its work has come to its end", async () => {
    const cluster = memoryCluster();
    const onLead = async (leading: AbortSignal) => {
      await sleep(60_000, undefined, { signal: leading }).catch(() => undefined);
      await sleep(1_500);
    };
    const one = contender(cluster, "one", { onLead });
    await until(async () => (await holderOf(cluster)) === "one");
    one.stop.abort();
    const two = contender(cluster, "two");
    await sleep(1_200);
    expect(two.state.leading).toBe(false);
    await one.ended;
    await until(() => two.state.leading, 400);
    two.stop.abort();
    await two.ended;
  });
  test.each<[string, () => Promise<void>, string | undefined]>([
    ["its work is done", async () => undefined, undefined],
    ["its work fails", () => Promise.reject(new Failure("usage", "defect")), "defect"],
    [
      "its work fails before it waits",
      () => {
        throw new Failure("usage", "defect");
      },
      "defect",
    ],
  ])("gives the lease back when %s", async (_title, onLead, message) => {
    const cluster = memoryCluster();
    const { ended } = contender(cluster, "one", { onLead });
    const outcome = await ended.then(
      () => undefined,
      (error: Error) => error.message,
    );
    expect(outcome).toBe(message);
    expect(await holderOf(cluster)).toBe("");
  });
  test("may say that it was interrupted", async () => {
    const cluster = memoryCluster();
    const one = contender(cluster, "one", {
      onLead: async (leading) => {
        await sleep(60_000, undefined, { signal: leading }).catch(() => undefined);
        throw new Failure("interrupted", "interrupted");
      },
    });
    await until(async () => (await holderOf(cluster)) === "one");
    one.stop.abort();
    await one.ended;
  });
});

test("whoever never led ends at once", async () => {
  const stop = new AbortController();
  stop.abort();
  const cluster = memoryCluster();
  await lead(cluster, { lease: key, identity: "one", signal: stop.signal, onLead: async () => undefined });
  expect(cluster.size).toBe(0);
});
