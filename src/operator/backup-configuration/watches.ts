import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { Pod } from "../../kube/core.ts";
import { type Key, type KubeObject, keyOf } from "../../kube/resource.ts";
import type { Caches, ObjectChange, Watches } from "../controller.ts";
import { repositoryOf } from "../repository/references.ts";
import { isAskedAnew } from "../view/news.ts";
import { targetKeyOf } from "./view.ts";

/** Which configurations to look at when something else changed. Statuses of others are of no interest. */
export const configurationWatches: Watches = {
  repositories: (change, caches) =>
    isAskedAnew(change) ? configurations(caches, (one) => isSame(repositoryOf(one), change.key)) : [],
  appBindings: (change, caches) =>
    isAskedAnew(change) ? configurations(caches, (one) => isSame(targetKeyOf(one), change.key)) : [],
  tasks: (change, caches) =>
    isAskedAnew(change) ? configurations(caches, ({ spec }) => isNamed(spec.task?.name, change.key)) : [],
  functions: (change, caches) => (isAskedAnew(change) ? configurations(caches, () => true) : []),
  namespaces: (change, caches) =>
    isAskedAnew(change) ? configurations(caches, ({ metadata }) => metadata.namespace === change.key.name) : [],
  // one that was just made is as its maker wanted it
  cronJobs: (change) =>
    change.before !== undefined && isAskedAnew(change) ? ownersOf(change.before, "BackupConfiguration") : [],
  jobs: ({ before, after }, caches) => throughCronJob(after ?? before, caches),
  pods: (change, caches) =>
    hasFailed(change)
      ? ownersOf(change.after, "Job").flatMap((key) => throughCronJob(caches.jobs.get(key), caches))
      : [],
};

function configurations(
  { backupConfigurations }: Caches,
  filter: (one: BackupConfiguration) => boolean,
): readonly Key[] {
  return backupConfigurations.list(filter).map(keyOf);
}

function isSame(one: Key | undefined, other: Key): boolean {
  return one?.name === other.name && one.namespace === other.namespace;
}

/** Without a name it may be the AppBinding's. */
function isNamed(name: string | undefined, { name: changed }: Key): boolean {
  return name === undefined || name === "" || name === changed;
}

function ownersOf(object: KubeObject | undefined, kind: string): readonly Key[] {
  const owners = object?.metadata.ownerReferences?.filter((one) => one.kind === kind) ?? [];
  return owners.map(({ name }) => ({ namespace: object?.metadata.namespace, name }));
}

function throughCronJob(job: KubeObject | undefined, caches: Caches): readonly Key[] {
  return ownersOf(job, "CronJob").flatMap((key) => ownersOf(caches.cronJobs.get(key), "BackupConfiguration"));
}

/** A pod that comes, runs and goes is its Job's affair. */
function hasFailed({ before, after }: ObjectChange<Pod>): boolean {
  return after?.status?.phase === "Failed" && before?.status?.phase !== "Failed";
}
