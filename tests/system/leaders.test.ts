/**
 * Invariant: of two operators one works. When it is killed or freezes, the other goes on within the time of a lease, no
 * session runs twice, and one that wakes up behind the other's back changes nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leases } from "../../src/kube/core.ts";
import { type ApiProxy, type HandledRequest, startApiProxy } from "../support/api-proxy.ts";
import { eventually } from "../support/eventually.ts";
import { seededRandom } from "../support/random.ts";
import { type Arena, openArena } from "./arena.ts";
import { type OperatorProcess, startOperatorProcess } from "./operator-process.ts";
import type { SessionKind } from "./plot.ts";
import { systemMissing } from "./system.ts";

const isLong = process.env.COLDSTREAM_LONG === "1";
const rounds = Array.from({ length: isLong ? 20 : 1 }, (_, index) => index + 1);
/** Of the lease (leader.ts), two tries, and a busy machine. */
const takeoverMs = 15_000 + 2 * 2200 + 10_000;
const lease = { namespace: "coldstream", name: "coldstream-operator" };
const waiting = { signal: new AbortController().signal };

interface Candidate extends AsyncDisposable {
  readonly process: OperatorProcess;
  readonly proxy: ApiProxy;
}

describe.skipIf(systemMissing() !== undefined)("two operators", { timeout: 240_000 }, () => {
  let arena: Arena;
  let leader: Candidate;
  let standby: Candidate;
  const random = seededRandom("leaders");
  const anyKind = (): SessionKind => (random.below(3) === 0 ? "RestoreSession" : "BackupSession");

  async function startCandidate(): Promise<Candidate> {
    const proxy = await startApiProxy(arena.system.desk.plane);
    const process = await startOperatorProcess(arena.system, { isElected: true, server: proxy.url });
    return {
      ...{ process, proxy },
      async [Symbol.asyncDispose]() {
        await process[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
      },
    };
  }
  async function holder(): Promise<string> {
    const found = await arena.system.desk.cluster.get(leases, lease, waiting);
    return found?.spec?.holderIdentity ?? "";
  }
  /** Milliseconds until the standby leads. */
  async function takeover(before: string): Promise<number> {
    const begunMs = performance.now();
    await eventually("another leader", async () => !["", before].includes(await holder()));
    const tookMs = performance.now() - begunMs;
    await standby.process.ready();
    return tookMs;
  }

  beforeAll(async () => {
    arena = await openArena({ plotCount: 2 });
    leader = await startCandidate();
    await leader.process.ready();
    standby = await startCandidate();
    await arena.warmUp();
  }, 240_000);
  afterAll(async () => {
    for (const one of [leader, standby, arena]) await one?.[Symbol.asyncDispose]();
  }, 60_000);

  const writesOf = ({ proxy }: Candidate, sinceMs = 0): readonly HandledRequest[] =>
    proxy.handled.filter(({ isWrite, path, atMs }) => isWrite && atMs >= sinceMs && !path.includes("/leases"));

  test("the one that waits writes nothing", () => {
    expect(writesOf(leader).length).toBeGreaterThan(10);
    expect(writesOf(standby)).toEqual([]);
  });

  test.each(rounds)("of which the leader is killed, %d", async () => {
    const meanwhile = async () => {
      await arena.witness.changes(random.below(25));
      await sleep(random.below(150));
      const before = await holder();
      await leader.process.kill();
      expect(await takeover(before)).toBeLessThan(takeoverMs);
      await leader[Symbol.asyncDispose]();
      leader = standby;
      standby = await startCandidate();
    };
    await arena.round({ kinds: anyKind, meanwhile });
  });

  test.each(rounds)("of which the leader freezes for longer than its lease, and wakes up, %d", async () => {
    let awakeMs = 0;
    const freeze = async () => {
      await arena.witness.changes(random.below(25));
      await sleep(random.below(150));
      const before = await holder();
      leader.process.freeze();
      expect(await takeover(before)).toBeLessThan(takeoverMs);
      awakeMs = performance.now();
      leader.process.thaw();
    };
    await arena.round({ kinds: anyKind, meanwhile: freeze });
    // it waits again, as any other
    await arena.round({ kinds: anyKind });
    const late = writesOf(leader, awakeMs).filter(({ status = 0 }) => status < 400);
    expect(late.filter(({ path }) => !path.includes("/events"))).toEqual([]);
    [leader, standby] = [standby, leader];
  });

  test("leave repositories without damage and locks, with one snapshot of each backup that succeeded", async () =>
    await arena.audit());
});
