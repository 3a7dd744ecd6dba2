import { expect } from "vitest";
import { listSnapshots } from "../../src/vault/catalog.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { openPlots, type Plot, type SessionKind, type SessionName } from "./plot.ts";
import { type System, startSystem } from "./system.ts";
import { type EndedSession, openWitness, type Witness } from "./witness.ts";

/** Where sessions run side by side while things happen to them: a system without an operator, plots and a witness. */
export interface Arena extends AsyncDisposable {
  readonly system: System;
  readonly witness: Witness;
  readonly plots: readonly Plot[];
  /** Waits until an operator has made all ready, and makes a first backup in each plot. Milliseconds that it took. */
  warmUp(): Promise<number>;
  /** A session in each plot, side by side, to their ends. Throws what is wrong with any of them. */
  round(options: RoundOptions): Promise<readonly EndedSession[]>;
  /**
   * Throws unless no session had a second Job or end, and each repository is without damage and locks, with one snapshot
   * for each backup that succeeded (one that failed may have been killed behind its snapshot).
   */
  audit(): Promise<void>;
}

export interface RoundOptions {
  readonly kinds: () => SessionKind;
  /** What happens to them. */
  readonly meanwhile?: (begun: readonly SessionName[]) => Promise<void>;
  /** Whether a session may end otherwise than as Succeeded. */
  readonly mayFail?: boolean;
}

const signal = new AbortController().signal;

export async function openArena({ plotCount = 3 } = {}): Promise<Arena> {
  await using opening = new AsyncDisposableStack();
  const nats = opening.use(await startNatsServer());
  const system = opening.use(await startSystem({ withoutOperator: true, podHostNames: process.getuid?.() === 0 }));
  const witness = opening.use(await openWitness(system.desk));
  const plots = await openPlots(system, nats, plotCount);
  const backups = new Map(plots.map((plot) => [plot, { Succeeded: 0, Failed: 0 }]));

  async function judge(plot: Plot, session: SessionName, mayFail: boolean) {
    const ended = await witness.ended(session);
    const { kind, name, phase } = ended;
    const counts = backups.get(plot);
    if (kind === "BackupSession" && counts !== undefined) counts[phase === "Succeeded" ? phase : "Failed"] += 1;
    const wrong = [...(await witness.complaints(plot, ended)), ...(await witness.leftovers(plot))];
    if (phase !== "Succeeded" && !mayFail)
      wrong.push(`${kind} ${name} is not Succeeded: ${JSON.stringify(ended.status)}`);
    return { ended, wrong };
  }
  const round: Arena["round"] = async ({ kinds, meanwhile, mayFail = false }) => {
    const begun = await Promise.all(plots.map(async (plot) => ({ plot, session: await plot.begin(kinds()) })));
    await meanwhile?.(begun.map(({ session }) => session));
    const judged = await Promise.all(begun.map(({ plot, session }) => judge(plot, session, mayFail)));
    expect(judged.flatMap(({ wrong }) => wrong)).toEqual([]);
    return judged.map(({ ended }) => ended);
  };
  const open = opening.move();
  return {
    ...{ system, witness, plots, round },
    async warmUp() {
      for (const { namespace } of plots) {
        const isReady = async () => {
          const found = await system.desk.get("BackupConfiguration", namespace, "sample-nats-backup");
          return found?.status?.phase === "Ready";
        };
        // an API server that makes trouble takes its time
        await eventually(`the BackupConfiguration in ${namespace} is Ready`, isReady, { timeoutMs: 120_000 });
      }
      const begunMs = performance.now();
      await round({ kinds: () => "BackupSession" });
      return performance.now() - begunMs;
    },
    async audit() {
      expect(witness.afterthoughts()).toEqual([]);
      for (const plot of plots) {
        const published = await listSnapshots(plot.repository, { all: true }, { signal });
        const { length } = published.filter(({ complete }) => complete);
        const { Succeeded, Failed } = backups.get(plot) ?? { Succeeded: 0, Failed: 0 };
        expect(length).toBeGreaterThanOrEqual(Succeeded);
        expect(length).toBeLessThanOrEqual(Succeeded + Failed);
        expect((await plot.repository.check({ signal })).errors).toEqual([]);
        expect(await plot.repository.locks({ signal })).toEqual([]);
      }
    },
    [Symbol.asyncDispose]: async () => await open.disposeAsync(),
  };
}
