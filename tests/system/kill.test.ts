/**
 * Invariant: whatever is killed, every session ends once and rightly, with one Job ever made for it, and leaves nothing
 * behind; a Succeeded backup has its snapshot, a Succeeded restore its stream; and nobody has to help.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { seededRandom } from "../support/random.ts";
import { type Arena, openArena } from "./arena.ts";
import { type OperatorProcess, startOperatorProcess } from "./operator-process.ts";
import type { SessionKind, SessionName } from "./plot.ts";
import { killPod, processesOf } from "./pod-processes.ts";
import { systemMissing } from "./system.ts";

const isLong = process.env.COLDSTREAM_LONG === "1";
const kills = isLong ? 200 : 10;
const killsARound = isLong ? 3 : 5;
const podKills = isLong ? 60 : 3;
/** As long as the witness waits for an end: a lock that a killed Job left may hold up the next. */
const slow = { timeoutMs: 180_000 };
/** Some kills come when all has been done. */
const mostPodRounds = podKills * 2;

describe.skipIf(systemMissing() !== undefined)("kills", { timeout: isLong ? 7_200_000 : 240_000 }, () => {
  let arena: Arena;
  let operator: OperatorProcess;
  /** Milliseconds that backups took here. */
  let backupMs: number;
  const random = seededRandom("system kills");
  const anyKind = (): SessionKind => (random.below(3) === 0 ? "RestoreSession" : "BackupSession");

  beforeAll(async () => {
    arena = await openArena();
    operator = await startOperatorProcess(arena.system);
    backupMs = await arena.warmUp();
  }, 240_000);
  afterAll(async () => {
    await operator?.[Symbol.asyncDispose]();
    await arena?.[Symbol.asyncDispose]();
  }, 60_000);

  test(`of the operator, ${kills}, change nothing but the time that sessions take`, async () => {
    let left = kills;
    const meanwhile = async () => {
      for (let kill = 0; kill < killsARound && left > 0; kill++, left--) {
        // one of five dies before it knows what there is
        if (random.below(5) > 0) await operator.ready();
        await arena.witness.changes(random.below(25));
        await sleep(random.below(150));
        await operator.kill();
        operator = await startOperatorProcess(arena.system);
      }
    };
    while (left > 0) await arena.round({ kinds: anyKind, meanwhile });
  });

  test(`of Jobs' processes, ${podKills}, fail their sessions at most, and the next ones succeed`, async () => {
    let killed = 0;
    /** Milliseconds that pods ran the last time that nothing was killed; at first a guess. */
    let podMs = backupMs / 2;
    const runs = async (session: SessionName) => (await processesOf(arena.system, session)).length > 0;
    /** Or, where that was quicker than we look, after the session. */
    const started = async (session: SessionName) => {
      let isOver = false;
      const ended = () => {
        isOver = true;
      };
      arena.witness.ended(session).then(ended, ended);
      await eventually(`the pod of ${session.name}`, async () => isOver || (await runs(session)), slow);
    };
    const killOne = async (session: SessionName) => {
      const afterMs = random.below(podMs);
      await started(session);
      await sleep(afterMs);
      if ((await killPod(arena.system, session)) > 0) killed += 1;
    };
    const measureOne = async (session: SessionName) => {
      await started(session);
      const startedMs = performance.now();
      await eventually(`the end of the pod of ${session.name}`, async () => !(await runs(session)), slow);
      return performance.now() - startedMs;
    };
    const measure = async (begun: readonly SessionName[]) => {
      podMs = Math.max(...(await Promise.all(begun.map(measureOne))));
    };
    const meanwhile = async (begun: readonly SessionName[]) => void (await Promise.all(begun.map(killOne)));
    for (let rounds = 0; killed < podKills && rounds < mostPodRounds; rounds++) {
      const ended = await arena.round({ kinds: anyKind, meanwhile, mayFail: true });
      // one that was killed leaves no stream, and a backup wants one
      const isLost = ended.some(({ kind, phase }) => kind === "RestoreSession" && phase !== "Succeeded");
      if (isLost) await arena.round({ kinds: () => "RestoreSession" });
      await arena.round({ kinds: () => "BackupSession", meanwhile: measure });
    }
    expect(killed).toBeGreaterThanOrEqual(podKills);
  });

  test("leave repositories without damage and locks, with one snapshot of each backup that succeeded", async () =>
    await arena.audit());
});
