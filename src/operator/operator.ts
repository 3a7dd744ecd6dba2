import type { Log } from "../kit/log.ts";
import type { Cluster, Waiting } from "../kube/cluster.ts";
import { pods } from "../kube/core.ts";
import { lead } from "../kube/leader.ts";
import { type Key, keyText } from "../kube/resource.ts";
import type { Registry } from "../metrics/registry.ts";
import { backupConfigurationController } from "./backup-configuration/reconcile.ts";
import { backupSessionController } from "./backup-session/reconcile.ts";
import { backupBatchController, restoreBatchController } from "./batch/reconcile.ts";
import { blueprintController } from "./blueprint/reconcile.ts";
import { countedCluster } from "./counted.ts";
import { type ControllerMaker, type Running, reconcileAll } from "./leadership.ts";
import type { Meters } from "./meters.ts";
import { repositoryController } from "./repository/reconcile.ts";
import { restoreSessionController } from "./restore-session/reconcile.ts";
import { leaderLabel, type OperatorSettings } from "./settings.ts";

export interface OperatorOptions extends Waiting {
  readonly log: Log;
  /** Unique to this process. */
  readonly identity: string;
  /** undefined: this is the only one, and it need not ask. */
  readonly lease: Key | undefined;
  /** The pod that this runs in, if it runs in one: it is labelled while it leads. */
  readonly pod?: Key | undefined;
  readonly clock?: () => Date;
  readonly controllers?: readonly ControllerMaker[];
  readonly metrics: Registry;
  readonly meters?: Pick<Meters, "enter"> | undefined;
}

export const allControllers: readonly ControllerMaker[] = [
  ["Repository", repositoryController],
  ["BackupConfiguration", backupConfigurationController],
  ["BackupSession", backupSessionController],
  ["RestoreSession", restoreSessionController],
  ["BackupBatch", backupBatchController],
  ["RestoreBatch", restoreBatchController],
  ["BackupBlueprint", blueprintController],
];

/** Runs the operator until the signal is aborted. Of several with the same lease one works; the others wait for its end. */
export async function runOperator(given: Cluster, settings: OperatorSettings, options: OperatorOptions): Promise<void> {
  const { signal, log, lease, identity } = options;
  const cluster = countedCluster(given, options.metrics);
  const work = async (leading: AbortSignal) => await asLeader(cluster, settings, { ...options, signal: leading });
  log.info({ server: cluster.server, identity, image: settings.image }, "operator started");
  if (lease === undefined) await work(signal);
  else {
    const onTrouble = (error: unknown) => log.warn({ error, lease: keyText(lease) }, "lease");
    const onHolder = (holder: string) => log.info({ holder, lease: keyText(lease) }, "leader");
    await lead(cluster, { lease, identity, signal, onLead: work, onTrouble, onHolder });
  }
  log.info({ identity }, "operator ended");
}

async function asLeader(cluster: Cluster, settings: OperatorSettings, options: OperatorOptions): Promise<void> {
  const { signal, log, pod, clock = () => new Date(), controllers = allControllers, metrics, meters } = options;
  meters?.enter({ is: "leading" });
  if (pod !== undefined) await label(cluster, pod, { value: "true", signal, log });
  const onBegin = (running: Running) => meters?.enter({ is: "running", running });
  try {
    await reconcileAll(cluster, { signal, log, settings, clock, controllers, metrics, onBegin });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    meters?.enter({ is: "resting" });
    if (pod !== undefined) await label(cluster, pod, { value: null, signal: AbortSignal.timeout(unlabelMs), log });
  }
}

const unlabelMs = 2000;

/** Without the label metrics go nowhere, backups go on. */
async function label(
  cluster: Cluster,
  pod: Key,
  { value, signal, log }: Waiting & { readonly value: "true" | null; readonly log: Log },
): Promise<void> {
  try {
    await cluster.patch(pods, pod, { signal, merge: { metadata: { labels: { [leaderLabel]: value } } } });
  } catch (error) {
    log.warn({ error, pod: keyText(pod) }, "own pod not labelled");
  }
}
