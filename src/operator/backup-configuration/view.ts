import type { AppBinding } from "../../api/app-binding.ts";
import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { Repository } from "../../api/repository.ts";
import type { Waiting } from "../../kube/cluster.ts";
import type { CronJob, Job } from "../../kube/core.ts";
import type { World } from "../controller.ts";
import { repositoryOf } from "../repository/references.ts";
import type { Referrer } from "../repository/usage-policy.ts";
import { type FullKey, usable } from "../view/backend.ts";
import type { SecretReader, SecretView } from "../view/secret.ts";

/** All that a decision about one BackupConfiguration goes by. */
export interface ConfigurationView {
  readonly configuration: BackupConfiguration;
  readonly key: FullKey;
  /** Undefined when spec.repository is. */
  readonly repositoryKey: FullKey | undefined;
  readonly repository: Repository | undefined;
  /** Undefined when no Secret is named. */
  readonly secret: SecretView | undefined;
  readonly referrer: Referrer;
  /** Undefined when the target is not an AppBinding with a name. */
  readonly targetKey: FullKey | undefined;
  readonly appBinding: AppBinding | undefined;
  /** Those that this configuration owns. */
  readonly cronJobs: readonly CronJob[];
  /** Of those CronJobs. */
  readonly triggerJobs: readonly Job[];
}

export async function readView(
  { world, secrets }: { readonly world: World; readonly secrets: SecretReader },
  configuration: BackupConfiguration,
  waiting: Waiting,
): Promise<ConfigurationView> {
  const { caches } = world;
  const { name = "", namespace = "" } = configuration.metadata;
  const repositoryKey = repositoryOf(configuration);
  const repository = repositoryKey === undefined ? undefined : caches.repositories.get(repositoryKey);
  const targetKey = targetKeyOf(configuration);
  return {
    configuration,
    key: { namespace, name },
    repositoryKey,
    repository,
    secret: await secretOf(repository, secrets, waiting),
    referrer: { namespace, labels: caches.namespaces.get({ name: namespace })?.metadata.labels ?? undefined },
    targetKey,
    appBinding: targetKey === undefined ? undefined : caches.appBindings.get(targetKey),
    ...offshootsOf(world, configuration),
  };
}

async function secretOf(
  repository: Repository | undefined,
  secrets: SecretReader,
  waiting: Waiting,
): Promise<SecretView | undefined> {
  const name = usable(repository)?.spec.backend?.storageSecretName;
  if (name === undefined || name === "") return undefined;
  return await secrets.read({ namespace: repository?.metadata.namespace, name }, waiting);
}

function offshootsOf({ caches }: World, { metadata }: BackupConfiguration) {
  const cronJobs = caches.cronJobs.ownedBy(metadata.uid ?? "");
  return { cronJobs, triggerJobs: cronJobs.flatMap((each) => caches.jobs.ownedBy(each.metadata.uid ?? "")) };
}

/** Where an AppBinding's group lies; its version may change. */
const appCatalog = "appcatalog.appscode.com/";

export function targetKeyOf({ metadata, spec }: BackupConfiguration): FullKey | undefined {
  const { apiVersion, kind, name = "", namespace = "" } = spec.target?.ref ?? {};
  if (kind !== "AppBinding" || name === "" || apiVersion?.startsWith(appCatalog) === false) return undefined;
  return { name, namespace: namespace === "" ? (metadata.namespace ?? "") : namespace };
}
