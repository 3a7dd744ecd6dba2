import { finalizers } from "../../api/labels.ts";
import type { Repository } from "../../api/repository.ts";
import type { Waiting } from "../../kube/cluster.ts";
import type { Namespace } from "../../kube/core.ts";
import { type Key, type KubeObject, keyOf, keyText, resourceOf } from "../../kube/resource.ts";
import { addFinalizer, removeFinalizer, updateStatus } from "../../kube/update.ts";
import type { Controller, Outcome, World } from "../controller.ts";
import { isAskedAnew, isLoose } from "../view/news.ts";
import { decide, type RepositoryStep } from "./decide.ts";
import { areSame, type Invoker, referencesTo, repositoryOf } from "./references.ts";
import { openWipeOuts, type WipeOuts } from "./wipe-out.ts";

export const repositories = resourceOf("Repository");

export function repositoryController(world: World): Controller {
  const wipeOuts = openWipeOuts(world);
  return {
    kind: "Repository",
    // A thousand invokers that come at once are written in a few goes: their names are a status of 100 kB.
    settleMs: 2000,
    concerns: (change) => isAskedAnew(change) || isLoose(change, finalizers.repository),
    watches: {
      backupConfigurations: ({ before, after }) => named(before, after),
      restoreSessions: ({ before, after }) => named(before, after),
      jobs: ({ before, after }) => ownerOf(after ?? before),
      namespaces: ({ before, after }, caches) =>
        isGoing(after) && !isGoing(before)
          ? caches.repositories.list(({ metadata }) => metadata.namespace === after?.metadata.name).map(keyOf)
          : [],
    },
    async reconcile(key, waiting) {
      const repository = world.caches.repositories.get(key);
      if (repository === undefined) return undefined;
      const namespace = world.caches.namespaces.get({ name: key.namespace ?? "" });
      const wipeOut = wipeOuts.view(repository);
      const step = decide({ repository, isNamespaceGoing: isGoing(namespace), wipeOut }, world.clock());
      return await perform({ world, wipeOuts, namespace }, { repository, step }, waiting);
    },
  };
}

interface Means {
  readonly world: World;
  readonly wipeOuts: WipeOuts;
  readonly namespace: Namespace | undefined;
}

async function perform(
  means: Means,
  { repository, step }: { readonly repository: Repository; readonly step: RepositoryStep },
  waiting: Waiting,
): Promise<Outcome> {
  const { world, wipeOuts } = means;
  switch (step.step) {
    case "hold":
      return await keepStatus(world, await hold(world, repository, waiting), waiting);
    case "keep-status":
      return await keepStatus(world, repository, waiting);
    case "release":
      return await release(means, { repository, left: step.left }, waiting);
    case "wipe-out":
      return await wipeOuts.start(repository, waiting);
    case "wait":
      return await wipeOuts.watch(repository, waiting);
    case "try-again":
      return await wipeOuts.discard(repository, waiting);
    case "none":
      return undefined;
    default:
      throw new Error(`unknown step ${step satisfies never}`);
  }
}

async function hold({ cluster }: World, repository: Repository, waiting: Waiting): Promise<Repository | undefined> {
  const options = { ...waiting, finalizer: finalizers.repository, from: repository };
  return await addFinalizer(cluster, repositories, keyOf(repository), options);
}

async function keepStatus(world: World, repository: Repository | undefined, waiting: Waiting): Promise<undefined> {
  if (repository === undefined) return;
  const key = keyOf(repository);
  const change = (status: Repository["status"], generation: number | undefined): Repository["status"] => {
    const references = referencesTo(key, world.caches);
    const isOld = areSame(status?.references, references) && status?.observedGeneration === generation;
    return isOld ? undefined : { ...status, observedGeneration: generation, references: [...references] };
  };
  // What update-status writes meanwhile is kept: the change is made to what is there then.
  if (change(repository.status, repository.metadata.generation) === undefined) return;
  const write = ({ status, metadata }: Repository) => change(status, metadata.generation);
  await updateStatus(world.cluster, repositories, key, write, { ...waiting, from: repository });
}

async function release(
  { world, wipeOuts, namespace }: Means,
  { repository, left }: { readonly repository: Repository; readonly left: string | undefined },
  waiting: Waiting,
): Promise<undefined> {
  const key = keyOf(repository);
  if (left !== undefined) {
    const message = `Repository ${keyText(key)}: its data was not deleted: ${left}. What lies in the backend stays there.`;
    world.log.warn({ repository: keyText(key), reason: left }, "data was not deleted");
    const news = { type: "Warning", reason: "Wipe Out Skipped", message } as const;
    await world.recorder.event(repository, news);
    // in a namespace that is going no event can be made, beside it one can
    if (namespace !== undefined && isGoing(namespace)) await world.recorder.event(namespace, news);
  }
  if (repository.spec.wipeOut === true && left === undefined) await wipeOuts.tellSuccess(repository);
  const options = { ...waiting, finalizer: finalizers.repository, from: repository };
  await removeFinalizer(world.cluster, repositories, key, options);
}

function isGoing(namespace: Namespace | undefined): boolean {
  return namespace?.metadata.deletionTimestamp != null;
}

/** The Repositories that an invoker named before and names now, when that changed. */
function named(before: Invoker | undefined, after: Invoker | undefined): readonly Key[] {
  const keys = [before, after]
    .map((one) => (one?.metadata.deletionTimestamp == null ? one : undefined))
    .map((one) => (one === undefined ? undefined : repositoryOf(one)));
  const [old, current] = keys.map((key) => (key === undefined ? "" : keyText(key)));
  return old === current ? [] : keys.filter((key) => key !== undefined);
}

function ownerOf(object: KubeObject | undefined): readonly Key[] {
  const owners = object?.metadata.ownerReferences?.filter(({ kind }) => kind === "Repository") ?? [];
  return owners.map(({ name }) => ({ namespace: object?.metadata.namespace, name }));
}
