import type { AppBinding } from "../../api/app-binding.ts";
import type { StashFunction } from "../../api/function.ts";
import type { Repository } from "../../api/repository.ts";
import type { Task } from "../../api/task.ts";
import { Failure } from "../../kit/failures.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { type Key, type KubeObject, keyText, type Resource, resourceOf } from "../../kube/resource.ts";
import type { Cache, World } from "../controller.ts";
import { buildExecutor, type Executor } from "../executor/executor.ts";
import type { Run } from "../executor/run.ts";
import { repositoryOf } from "../repository/references.ts";
import { functionNamesOf, taskNameOf } from "../task/choice.ts";
import { called, targetOf } from "../task/target.ts";

/** All that a Job is made of, found. Throws `configuration-invalid` with one sentence that says what to do. */
export async function prepare(world: World, run: Run, waiting: Waiting): Promise<Executor> {
  const repository = await findRepository(world, run, waiting);
  const appBinding = await findAppBinding(world, run, waiting);
  const task = await findTask(world, { run, appBinding }, waiting);
  const functions = await findFunctions(world, task, waiting);
  const { settings, clock } = world;
  return buildExecutor({ ...run, repository, appBinding, task, functions, settings, now: clock() });
}

export function repositoryKeyOf({ invoker }: Run): Key {
  const key = repositoryOf(invoker);
  if (key === undefined) throw missing(`${called(invoker)} names no Repository`, "set its spec.repository");
  return key;
}

async function findRepository(world: World, run: Run, waiting: Waiting): Promise<Repository> {
  const key = repositoryKeyOf(run);
  const place = { cache: world.caches.repositories, resource: resourceOf("Repository") };
  const found = await find(world, { ...place, key }, waiting);
  if (found !== undefined) return found;
  throw missing(`Repository ${keyText(key)} does not exist`, "create it, or correct spec.repository");
}

async function findAppBinding(world: World, run: Run, waiting: Waiting): Promise<AppBinding> {
  const { name, namespace } = targetOf(run.invoker);
  const place = { cache: world.caches.appBindings, resource: resourceOf("AppBinding") };
  const found = await find(world, { ...place, key: { namespace, name } }, waiting);
  if (found !== undefined) return found;
  throw missing(`AppBinding ${namespace}/${name} does not exist`, "create it, or correct spec.target.ref");
}

async function findTask(
  world: World,
  { run, appBinding }: { readonly run: Run; readonly appBinding: AppBinding },
  waiting: Waiting,
): Promise<Task> {
  const name = taskNameOf(run.invoker, appBinding);
  const place = { cache: world.caches.tasks, resource: resourceOf("Task") };
  const found = await find(world, { ...place, key: { name } }, waiting);
  if (found !== undefined) return found;
  throw missing(
    `Task ${name} does not exist`,
    "correct spec.task.name, or install the catalogue: coldstream catalog | kubectl apply -f -",
  );
}

async function findFunctions(world: World, task: Task, waiting: Waiting): Promise<ReadonlyMap<string, StashFunction>> {
  const place = { cache: world.caches.functions, resource: resourceOf("Function") };
  const found = new Map<string, StashFunction>();
  for (const name of functionNamesOf(task)) {
    const one = await find(world, { ...place, key: { name } }, waiting);
    // one that is missing is named by whom it is built for
    if (one !== undefined) found.set(name, one);
  }
  return found;
}

interface Place<T extends KubeObject> {
  readonly cache: Cache<T>;
  readonly resource: Resource<T>;
  readonly key: Key;
}

/** Before something is called missing, the server is asked: caches are a moment old. */
export async function find<T extends KubeObject>(
  { cluster }: World,
  { cache, resource, key }: Place<T>,
  waiting: Waiting,
): Promise<T | undefined> {
  const found = cache.get(key) ?? (await cluster.get(resource, key, waiting));
  return found?.metadata.deletionTimestamp == null ? found : undefined;
}

function missing(message: string, hint: string): Failure {
  return new Failure("configuration-invalid", message, { hint });
}
