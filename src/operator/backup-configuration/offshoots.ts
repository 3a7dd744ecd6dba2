import { createHash } from "node:crypto";
import type { AppBinding } from "../../api/app-binding.ts";
import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { Repository } from "../../api/repository.ts";
import { describe, Failure } from "../../kit/failures.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { type CronJob, cronJobs, roleBindings, roles, serviceAccounts } from "../../kube/core.ts";
import { holds } from "../../kube/difference.ts";
import { KubeFailure } from "../../kube/failure.ts";
import { type KubeObject, keyOf, type Resource } from "../../kube/resource.ts";
import { ensure } from "../../kube/update.ts";
import type { World } from "../controller.ts";
import { ownAccountOf } from "../executor/pod.ts";
import type { MadeObject } from "../made.ts";
import { ensurePullSecrets } from "../pull-secret.ts";
import { buildFarRights } from "../rights/job.ts";
import { openTriggerAccounts } from "../trigger/accounts.ts";
import { buildTrigger } from "../trigger/trigger.ts";
import type { ConfigurationView } from "./view.ts";

/** The CronJob of a configuration, what it runs as, and the rights that its backups need in other namespaces. */
export interface Offshoots {
  /** Makes what is missing and mends what differs. Why that is not possible, in a sentence, or undefined. */
  keep(view: FitView, waiting: Waiting): Promise<string | undefined>;
  forget(uid: string): void;
  /** Removes what only a last configuration of its namespace leaves behind. */
  letGo(configuration: BackupConfiguration, waiting: Waiting): Promise<void>;
}

export type FitView = ConfigurationView & { readonly repository: Repository; readonly appBinding: AppBinding };

/** CronJobs are followed; rights elsewhere are looked at anew after so long, in case somebody changed them. */
const trustMs = 3_600_000;

export function openOffshoots(world: World): Offshoots {
  const accounts = openTriggerAccounts(world);
  /** What was kept of each configuration, and when. */
  const kept = new Map<string, { readonly mark: string; readonly at: number }>();
  return {
    async keep(view, waiting) {
      const { configuration, repository } = view;
      const { settings, clock } = world;
      const uid = configuration.metadata.uid ?? "";
      const rights = buildFarRights(configuration, repository);
      const objects = [...buildTrigger(configuration, { settings }), ...rights];
      const mark = digestOf(objects);
      const before = kept.get(uid);
      const isTrusted = before?.mark === mark && clock().getTime() - before.at < trustMs;
      const isKept = isTrusted && isInPlace(objects, view.cronJobs);
      if (!isKept) kept.delete(uid);
      const trouble = await troubleOf(async () => {
        if (ownAccountOf(configuration.spec) === undefined) await accounts.keep(view.key.namespace, waiting);
        if (isKept) return;
        await ensurePullSecrets(world, configuration, waiting);
        await makeAll(world, { view, objects }, waiting);
        await removeLeftovers(world, view, { objects, ...waiting });
      });
      if (trouble === undefined && !isKept) kept.set(uid, { mark, at: clock().getTime() });
      return trouble;
    },
    forget: (uid) => void kept.delete(uid),
    letGo: async (configuration, waiting) => await accounts.release(configuration, waiting),
  };
}

/** Of a thousand configurations the drafts themselves would be megabytes. */
function digestOf(objects: readonly MadeObject[]): string {
  const text = JSON.stringify(objects.map(({ draft }) => draft));
  return createHash("sha256").update(text).digest("base64");
}

/** Side by side but for what waits for another: a RoleBinding for its Role, a CronJob for what its Jobs may do. */
async function makeAll(
  world: World,
  { view, objects }: { readonly view: ConfigurationView; readonly objects: readonly MadeObject[] },
  waiting: Waiting,
): Promise<void> {
  const last = [roleBindings.kind, cronJobs.kind];
  const first = objects.filter(({ resource }) => !last.includes(resource.kind));
  const stages = [first, ...last.map((kind) => objects.filter(({ resource }) => resource.kind === kind))];
  for (const stage of stages) {
    const results = await Promise.allSettled(stage.map((object) => make(world, object, { view, ...waiting })));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}

function isInPlace(objects: readonly MadeObject[], there: readonly CronJob[]): boolean {
  const wanted = objects.filter(({ resource }) => resource.kind === cronJobs.kind);
  return (
    there.length === wanted.length &&
    wanted.every(({ draft: { metadata, ...fields } }) => {
      const live = there.find((each) => each.metadata.name === metadata.name);
      return live !== undefined && holds(live, { ...fields, metadata: { labels: metadata["labels"] } });
    })
  );
}

/** A configuration that was never looked at has nothing yet: then asking first would double the requests. */
async function make(
  { cluster }: World,
  { resource, draft }: MadeObject,
  { view, signal }: Waiting & { readonly view: ConfigurationView },
): Promise<void> {
  if (view.configuration.status?.observedGeneration === undefined) {
    try {
      await cluster.create(resource, draft, { signal });
      return;
    } catch (error) {
      if (!KubeFailure.isReason(error, "AlreadyExists")) throw error;
    }
  }
  await ensure(cluster, resource, draft, { signal });
}

/** What people can mend is said; what may pass by itself is thrown and tried again. */
async function troubleOf(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (Failure.is(error, "configuration-invalid", "object-exists", "not-permitted")) return `${describe(error)}.`;
    throw error;
  }
}

/** CronJobs of older names, and of a target that lay in another namespace, with their accounts. */
async function removeLeftovers(
  { cluster }: World,
  { configuration, cronJobs: there }: ConfigurationView,
  { objects, signal }: Waiting & { readonly objects: readonly MadeObject[] },
): Promise<void> {
  const wanted = new Set(
    objects.filter(({ resource }) => resource.kind === cronJobs.kind).map(({ draft }) => draft.metadata.name),
  );
  for (const old of there.filter(({ metadata }) => !wanted.has(metadata.name))) {
    const key = keyOf(old);
    await cluster.remove(cronJobs, key, { signal, propagation: "Background" });
    await removeOurs(roleBindings);
    await removeOurs(roles);
    await removeOurs(serviceAccounts);

    async function removeOurs<T extends KubeObject>(resource: Resource<T>): Promise<void> {
      const found = await cluster.get(resource, key, { signal });
      const isOurs = found?.metadata.ownerReferences?.some(({ uid }) => uid === configuration.metadata.uid) === true;
      if (isOurs) await cluster.remove(resource, key, { signal });
    }
  }
}
