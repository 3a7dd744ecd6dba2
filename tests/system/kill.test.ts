/**
 * Invariant: whatever is killed, every session ends once and rightly, with one Job ever made for it, and leaves nothing
 * behind; a Succeeded backup has its snapshot, a Succeeded restore its stream; and nobody has to help.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../support/random.ts";
import { type Arena, openArena } from "./arena.ts";
import { type OperatorProcess, startOperatorProcess } from "./operator-process.ts";
import type { SessionKind, SessionName } from "./plot.ts";
import { killPod } from "./pod-processes.ts";
import { systemMissing } from "./system.ts";

const isLong = process.env.COLDSTREAM_LONG === "1";
const kills = isLong ? 200 : 10;
const killsARound = isLong ? 3 : 5;
const podKills = isLong ? 60 : 3;

describe.skipIf(systemMissing() !== undefined)("kills", { timeout: isLong ? 7_200_000 : 240_000 }, () => {
  let arena: Arena;
  let operator: OperatorProcess;
  /** Milliseconds that a backup takes here. */
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
    const killOne = async (session: SessionName) => {
      await sleep(500 + random.below(backupMs));
      killed += await killPod(arena.system, session);
    };
    const meanwhile = async (begun: readonly SessionName[]) => void (await Promise.all(begun.map(killOne)));
    for (let left = podKills; left > 0; left -= arena.plots.length) {
      const ended = await arena.round({ kinds: anyKind, meanwhile, mayFail: true });
      // one that was killed leaves no stream, and a backup wants one
      const isLost = ended.some(({ kind, phase }) => kind === "RestoreSession" && phase !== "Succeeded");
      if (isLost) await arena.round({ kinds: () => "RestoreSession" });
      await arena.round({ kinds: () => "BackupSession" });
    }
    expect(killed).toBeGreaterThan(0);
  });

  test("leave repositories without damage and locks, with one snapshot of each backup that succeeded", async () =>
    await arena.audit());
});
