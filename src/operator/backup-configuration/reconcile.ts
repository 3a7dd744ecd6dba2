import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import { type ConditionNews, statusOf } from "../../api/condition.ts";
import { finalizers } from "../../api/labels.ts";
import { cronJobName } from "../../api/names.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { keyOf, keyText, resourceOf } from "../../kube/resource.ts";
import { addFinalizer, removeFinalizer, updateStatus } from "../../kube/update.ts";
import type { Controller, Outcome, World } from "../controller.ts";
import { forgetFigures } from "../pushing.ts";
import { takeBackRights } from "../repository/rights.ts";
import { isAskedAnew, isLoose } from "../view/news.ts";
import { openSecretReader, type SecretReader } from "../view/secret.ts";
import { check, cronJobCreated, recheckAfterMs, statusAfter } from "./decide.ts";
import { type FitView, type Offshoots, openOffshoots } from "./offshoots.ts";
import { mistakeOfTask } from "./trial.ts";
import { openTriggerJobs, type TriggerJobs } from "./trigger-jobs.ts";
import { type ConfigurationView, readView } from "./view.ts";
import { configurationWatches } from "./watches.ts";

export const backupConfigurations = resourceOf("BackupConfiguration");

export function backupConfigurationController(world: World): Controller {
  const means: Means = {
    world,
    secrets: openSecretReader(world.cluster, world.clock),
    offshoots: openOffshoots(world),
    triggerJobs: openTriggerJobs(world),
  };
  return {
    kind: "BackupConfiguration",
    concerns: (change) => isAskedAnew(change) || isLoose(change, finalizers.invoker),
    watches: configurationWatches,
    async reconcile(key, waiting) {
      const configuration = world.caches.backupConfigurations.get(key);
      if (configuration === undefined) return undefined;
      if (configuration.metadata.deletionTimestamp != null) return await end(means, configuration, waiting);
      const options = { ...waiting, finalizer: finalizers.invoker, from: configuration };
      const held = await addFinalizer(world.cluster, backupConfigurations, key, options);
      return held === undefined ? undefined : await keep(means, held, waiting);
    },
  };
}

interface Means {
  readonly world: World;
  readonly secrets: SecretReader;
  readonly offshoots: Offshoots;
  readonly triggerJobs: TriggerJobs;
}

async function keep(means: Means, configuration: BackupConfiguration, waiting: Waiting): Promise<Outcome> {
  const { world, triggerJobs } = means;
  const view = await readView(means, configuration, waiting);
  const checked = check(view, () => mistakeOfTask(view, world));
  const findings = [...checked.findings];
  const except = checked.mayUseRepository ? view.repositoryKey?.namespace : undefined;
  const isTaken = await takeBackRights(world, configuration, { ...waiting, except });
  if (isTaken) means.offshoots.forget(configuration.metadata.uid ?? "");
  if (checked.isFit && isFit(view)) findings.push(await keepOffshoots(means, view, waiting));
  const status = await writeStatus(world, { configuration, findings }, waiting);
  const { isBusy } = await triggerJobs.tend(view, waiting);
  const recheckMs = recheckAfterMs(status ?? configuration.status, world.clock());
  return { requeueAfterMs: isBusy ? Math.min(recheckMs, busyMs) : spread(recheckMs, view.key.name) };
}

/** While a trigger Job runs: its pod may hang, which is no change. */
const busyMs = 15_000;

function isFit(view: ConfigurationView): view is FitView {
  return view.repository !== undefined && view.appBinding !== undefined;
}

async function keepOffshoots({ world, offshoots }: Means, view: FitView, waiting: Waiting): Promise<ConditionNews> {
  const { configuration, key, targetKey } = view;
  const trouble = await offshoots.keep(view, waiting);
  const name = cronJobName(key, targetKey?.namespace ?? key.namespace);
  const news = cronJobCreated(name, trouble);
  const wasFine = statusOf(configuration.status?.conditions, "CronJobCreated") !== "False";
  if (trouble !== undefined && wasFine) {
    const told = { type: "Warning", reason: "CronJob Creation Failed", message: news.message } as const;
    await world.recorder.event(configuration, told);
  }
  return news;
}

async function writeStatus(
  { cluster, clock, log }: World,
  {
    configuration,
    findings,
  }: { readonly configuration: BackupConfiguration; readonly findings: readonly ConditionNews[] },
  waiting: Waiting,
): Promise<BackupConfiguration["status"]> {
  const { generation } = configuration.metadata;
  // What was checked is this generation, whatever the object is by now.
  const change = (now: BackupConfiguration) =>
    statusAfter({ ...now, metadata: { ...now.metadata, generation } }, findings, clock());
  if (change(configuration) === undefined) return configuration.status;
  const key = keyOf(configuration);
  const written = await updateStatus(cluster, backupConfigurations, key, change, { ...waiting, from: configuration });
  const phase = written?.status?.phase;
  if (phase !== configuration.status?.phase) log.info({ configuration: keyText(key), phase }, "phase changed");
  return written?.status;
}

/** Its CronJob, sessions and account are the garbage collector's, its reference is the Repository's controller's. */
async function end(
  { world, offshoots }: Means,
  configuration: BackupConfiguration,
  waiting: Waiting,
): Promise<undefined> {
  if (configuration.metadata.finalizers?.includes(finalizers.invoker) !== true) return;
  const sure = configuration.spec.repository?.namespace;
  await takeBackRights(world, configuration, { ...waiting, sure: sure === "" ? undefined : sure });
  offshoots.forget(configuration.metadata.uid ?? "");
  await offshoots.letGo(configuration, waiting);
  const key = keyOf(configuration);
  const options = { ...waiting, finalizer: finalizers.invoker, from: configuration };
  await removeFinalizer(world.cluster, backupConfigurations, key, options);
  world.log.info({ configuration: keyText(key) }, "configuration let go");
  // last, for it may take a while, and nobody waits for it
  const { name, namespace = "" } = key;
  await forgetFigures(world, { kind: configuration.kind, name, namespace }, waiting);
}

/** So that a thousand that became ready together are not looked at together: up to a tenth later, always alike. */
function spread(milliseconds: number, name: string): number {
  const sum = [...name].reduce((all, letter) => (all * 31 + letter.charCodeAt(0)) % 1000, 7);
  return milliseconds * (1 + sum / 10_000);
}
