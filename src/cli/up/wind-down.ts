import type { Log } from "../../kit/log.ts";
import type { Cluster } from "../../kube/cluster.ts";
import { pause } from "../../kube/requests.ts";
import { type Key, keyOf, keyText, resourceOf } from "../../kube/resource.ts";
import type { Controllers } from "../../machine/controllers.ts";
import type { Runner } from "../../machine/runner.ts";

export interface WindingDown {
  readonly cluster: Cluster;
  readonly controllers: Pick<Controllers, "endSchedules">;
  readonly runner: Pick<Runner, "stopped"> & AsyncDisposable;
  readonly log: Log;
  /** How long after the last pod's end sessions may take to say how they ended: 5 s unless given. */
  readonly lastWordsMs?: number;
}

const kinds = ["BackupSession", "RestoreSession"] as const;
const lookMs = 100;

/**
 * Before anything else ends: no schedule begins another Job, the pods end, and Job controller and operator still write how
 * the sessions of those ended. So nobody has to start it again to know. Never rejects, and takes no longer than it may.
 */
export async function windDown(options: WindingDown): Promise<void> {
  const { cluster, controllers, runner, log, lastWordsMs = 5000 } = options;
  await controllers.endSchedules();
  const running = await runningSessions(cluster, AbortSignal.timeout(lastWordsMs)).catch(() => []);
  await runner[Symbol.asyncDispose]();
  const left = await waitFor(cluster, running, AbortSignal.timeout(lastWordsMs));
  for (const { kind, key } of left) log.warn({ kind, object: keyText(key) }, "session has not ended");
}

interface Running {
  readonly kind: (typeof kinds)[number];
  readonly key: Key;
}

async function runningSessions(cluster: Cluster, signal: AbortSignal): Promise<readonly Running[]> {
  const found = await Promise.all(
    kinds.map(async (kind) => {
      const { items } = await cluster.list(resourceOf(kind), {}, { signal });
      return items.filter(({ status }) => status?.phase === "Running").map((one) => ({ kind, key: keyOf(one) }));
    }),
  );
  return found.flat();
}

/** Those that still ran at the end of the time. */
async function waitFor(
  cluster: Cluster,
  sessions: readonly Running[],
  signal: AbortSignal,
): Promise<readonly Running[]> {
  let left = sessions;
  while (left.length > 0 && !signal.aborted) {
    const all = await runningSessions(cluster, signal).catch(() => left);
    const running = new Set(all.map(nameOf));
    left = left.filter((one) => running.has(nameOf(one)));
    if (left.length > 0) await pause(lookMs, signal).catch(() => undefined);
  }
  return left;
}

function nameOf({ kind, key }: Running): string {
  return `${kind} ${keyText(key)}`;
}
