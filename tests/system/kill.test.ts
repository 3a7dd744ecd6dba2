/**
 * Invariant: whatever is killed, every session ends once and rightly, with one Job ever made for it, and leaves nothing
 * behind; a Succeeded backup has its snapshot, a Succeeded restore its stream; and nobody has to help.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listSnapshots } from "../../src/vault/catalog.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { seededRandom } from "../support/random.ts";
import { type OperatorProcess, startOperatorProcess } from "./operator-process.ts";
import { openPlots, type Plot, type SessionKind, type SessionName } from "./plot.ts";
import { killPod } from "./pod-processes.ts";
import { type System, startSystem, systemMissing } from "./system.ts";
import { type EndedSession, openWitness, type Witness } from "./witness.ts";

const isLong = process.env.COLDSTREAM_LONG === "1";
const kills = isLong ? 200 : 10;
const podKills = isLong ? 60 : 3;
const killsARound = 3;
const signal = new AbortController().signal;

describe.skipIf(systemMissing() !== undefined)("kills", { timeout: isLong ? 7_200_000 : 240_000 }, () => {
  let system: System;
  let nats: TestServer;
  let witness: Witness;
  let plots: readonly Plot[];
  let operator: OperatorProcess;
  /** Milliseconds that a backup takes here. */
  let backupMs: number;
  const succeeded = new Map<Plot, number>();
  const random = seededRandom("system kills");

  beforeAll(async () => {
    system = await startSystem({ withoutOperator: true, podHostNames: process.getuid?.() === 0 });
    nats = await startNatsServer();
    witness = await openWitness(system.desk);
    operator = await startOperatorProcess(system);
    plots = await openPlots(system, nats, 3);
    for (const { namespace } of plots) {
      const key = { namespace, name: "sample-nats-backup" };
      await system.desk.until("BackupConfiguration", key, ({ status }) => status?.phase === "Ready");
    }
    const begun = performance.now();
    await runAll(plots.map((plot) => [plot, "BackupSession"]));
    backupMs = performance.now() - begun;
  }, 180_000);
  afterAll(async () => {
    for (const one of [witness, operator, system, nats]) await one?.[Symbol.asyncDispose]();
  });

  /** Sessions side by side to their ends. `expected`: what else than Succeeded they may be. */
  async function runAll(
    wishes: readonly (readonly [Plot, SessionKind])[],
    {
      meanwhile,
      mayFail = false,
    }: { readonly meanwhile?: (begun: readonly SessionName[]) => Promise<void>; readonly mayFail?: boolean } = {},
  ): Promise<readonly EndedSession[]> {
    const begun: (readonly [Plot, SessionName])[] = [];
    for (const [plot, kind] of wishes) begun.push([plot, await plot.begin(kind)]);
    await meanwhile?.(begun.map(([, session]) => session));
    const ended: EndedSession[] = [];
    const wrong: string[] = [];
    for (const [plot, session] of begun) {
      const end = await witness.ended(session);
      ended.push(end);
      if (end.kind === "BackupSession" && end.phase === "Succeeded")
        succeeded.set(plot, (succeeded.get(plot) ?? 0) + 1);
      wrong.push(...(await witness.complaints(plot, end)), ...(await witness.leftovers(plot)));
      if (end.phase !== "Succeeded" && !mayFail)
        wrong.push(`${end.kind} ${plot.namespace}/${end.name} did not succeed: ${JSON.stringify(end.status)}`);
    }
    if (wrong.length > 0) console.log(operator.log.slice(-30).join("\n"));
    expect(wrong).toEqual([]);
    return ended;
  }

  const anyKind = (): SessionKind => (random.below(3) === 0 ? "RestoreSession" : "BackupSession");

  test(`of the operator, ${kills}, change nothing but the time that sessions take`, async () => {
    let left = kills;
    while (left > 0) {
      const meanwhile = async () => {
        for (let kill = 0; kill < killsARound && left > 0; kill++, left--) {
          // one of five dies before it knows what there is
          if (random.below(5) > 0) await operator.ready();
          await witness.changes(random.below(25));
          await sleep(random.below(150));
          await operator.kill();
          operator = await startOperatorProcess(system);
        }
      };
      await runAll(
        plots.map((plot) => [plot, anyKind()]),
        { meanwhile },
      );
    }
  });

  test(`of Jobs' processes, ${podKills}, end their sessions as Failed, and the next ones succeed`, async () => {
    let killed = 0;
    for (let round = 0; round < podKills / plots.length; round++) {
      const meanwhile = async (begun: readonly SessionName[]) => {
        await Promise.all(
          begun.map(async (session) => {
            await sleep(500 + random.below(backupMs));
            killed += await killPod(system, session);
          }),
        );
      };
      await runAll(
        plots.map((plot) => [plot, anyKind()]),
        { meanwhile, mayFail: true },
      );
      await runAll(plots.map((plot) => [plot, "BackupSession"]));
    }
    expect(killed).toBeGreaterThan(0);
  });

  test("left one snapshot of each backup that succeeded, in repositories without damage", async () => {
    for (const plot of plots) {
      const published = await listSnapshots(plot.repository, { all: true }, { signal });
      expect(published.filter(({ complete }) => complete).length).toBe(succeeded.get(plot));
      expect((await plot.repository.check({ signal })).errors).toEqual([]);
      expect(await plot.repository.locks({ signal })).toEqual([]);
    }
  });
});
