import { labels, managedBy } from "../../api/labels.ts";
import type { Waiting } from "../../kube/cluster.ts";
import {
  type Job,
  jobs,
  type Pod,
  persistentVolumeClaims,
  pods,
  roleBindings,
  roles,
  serviceAccounts,
} from "../../kube/core.ts";
import { type Key, type KubeObject, keyOf, type Resource } from "../../kube/resource.ts";
import { createOnce, ensure } from "../../kube/update.ts";
import type { World } from "../controller.ts";
import type { Executor } from "../executor/executor.ts";
import type { MadeObject } from "../made.ts";
import { type ExecutorState, executorState, isOver, omenOf } from "./executor-state.ts";
import type { SessionMemory } from "./memory.ts";

/** What is made for a session, looked at, and cleared away. */

export interface MakeOptions<T> extends Waiting {
  /** Done beside the others and before the Job; undefined: there must be no Job. */
  readonly begin: () => Promise<T | undefined>;
}

/**
 * Side by side but for what waits for another: the Job for all but its RoleBinding, which waits for the Role and takes an API
 * server up to 100 ms (ADR 0104). Until it is there the Job's programs do not believe a refusal; those of a hook by exec
 * do, so for these the Job waits. The account outlives the session and is given what it lacks; the rest is made once. What
 * `begin` gave; undefined: there is no Job.
 */
export async function makeExecutor<T>(
  { cluster }: World,
  { objects }: Executor,
  { begin, signal }: MakeOptions<T>,
): Promise<T | undefined> {
  const make = ({ resource, draft }: MadeObject) =>
    resource.kind === serviceAccounts.kind
      ? ensure(cluster, resource, draft, { signal })
      : createOnce(cluster, resource, draft, { signal });
  const are = (...kinds: readonly string[]) => objects.filter(({ resource }) => kinds.includes(resource.kind));
  const [bindings, made] = [are(roleBindings.kind), are(jobs.kind)];
  const later = new Set([...bindings, ...made]);
  const beginning = begin();
  await settled([beginning, ...objects.filter((object) => !later.has(object)).map(make)]);
  const begun = await beginning;
  if (begun === undefined) return undefined;
  // they have a RoleBinding of their own
  const hasExecHooks = bindings.length > 1;
  await settled([...bindings, ...(hasExecHooks ? [] : made)].map(make));
  if (hasExecHooks) await settled(made.map(make));
  return begun;
}

/** All have ended before the first failure is thrown: nothing goes on behind the caller's back. */
async function settled(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** What became of the Job that the session is known to have had. Asks the server before it says that there is none. */
export async function readExecutor<T extends KubeObject>(
  { world, memory }: { readonly world: World; readonly memory: SessionMemory<T> },
  { session, jobName }: { readonly session: T; readonly jobName: string },
  waiting: Waiting,
): Promise<ExecutorState> {
  const key = { namespace: session.metadata.namespace, name: jobName };
  const cached = ownJob(world, session, jobName);
  const job = cached ?? (await world.cluster.get(jobs, key, waiting));
  const isOwn = job !== undefined && isOwnedBy(job, session);
  const pods = podsOf(world, key, isOwn ? job : undefined);
  memory.keepOmen(session, omenOf(pods));
  const [now, omen] = [world.clock(), memory.omenOf(session)];
  return executorState({ jobName, job: isOwn ? job : undefined, pods, now, omen });
}

export function ownJob({ caches }: World, session: KubeObject, jobName: string): Job | undefined {
  const job = caches.jobs.get({ namespace: session.metadata.namespace, name: jobName });
  return job !== undefined && isOwnedBy(job, session) ? job : undefined;
}

export function podsOf({ caches }: World, { namespace, name }: Key, job: Job | undefined): readonly Pod[] {
  if (job?.metadata.uid !== undefined) return caches.pods.ownedBy(job.metadata.uid);
  return caches.pods.list(
    ({ metadata }) =>
      metadata.namespace === namespace && metadata.ownerReferences?.some((owner) => owner.name === name) === true,
  );
}

export function isOwnedBy({ metadata }: KubeObject, owner: KubeObject): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true;
}

interface JobName {
  readonly jobName: string;
}

/** So that it cannot finish later and say otherwise. Its pods go with it. One that is over is left to `clearAway`. */
export async function stopJob(
  world: World,
  session: KubeObject,
  { jobName, signal }: Waiting & JobName,
): Promise<void> {
  const key = { namespace: session.metadata.namespace, name: jobName };
  const job = ownJob(world, session, jobName) ?? (await world.cluster.get(jobs, key, { signal }));
  if (job === undefined || isOver(job) || !isOwnedBy(job, session)) return;
  // Its controller has not counted the pod yet.
  if (podsOf(world, key, job).some(isEnded)) return;
  await removeJob(world, job, { signal });
}

async function removeJob({ cluster }: World, job: Job, { signal }: Waiting): Promise<void> {
  const { uid } = job.metadata;
  await cluster.remove(jobs, keyOf(job), { signal, propagation: "Background", ...(uid === undefined ? {} : { uid }) });
}

function isEnded({ status }: Pod): boolean {
  return status?.phase === "Failed" || status?.phase === "Succeeded";
}

export interface Clearing extends Waiting, JobName {
  /** Then the status holds the end of the log, and the Job goes too; else it stays as long as its session. */
  readonly hasFailed: boolean;
}

/**
 * The disk and the rights of a Job that is over. What is not there is no trouble. The server is asked, not the caches: this
 * is done once, and what a cache that is behind does not show would stay for good.
 */
export async function clearAway(
  world: World,
  session: KubeObject,
  { jobName, hasFailed, signal }: Clearing,
): Promise<void> {
  const { cluster } = world;
  const key = { namespace: session.metadata.namespace, name: jobName };
  const [claims, role, found] = await Promise.all([
    owned(world, persistentVolumeClaims, session, { signal }),
    cluster.get(roles, key, { signal }),
    ownJob(world, session, jobName) ?? cluster.get(jobs, key, { signal }),
  ]);
  const job = found !== undefined && isOwnedBy(found, session) ? found : undefined;
  const removeClaims = async () => {
    // The pods first: whoever comes again after a failure knows of them by the claims.
    if (job !== undefined && !hasFailed && claims.length > 0) await freeClaims(world, job, { signal });
    const staying = claims.filter(({ metadata }) => metadata.deletionTimestamp == null);
    await settled(staying.map((claim) => cluster.remove(persistentVolumeClaims, keyOf(claim), { signal })));
  };
  await settled([
    removeClaims(),
    ...(role !== undefined && isOwnedBy(role, session) ? [removeRights(world, key, { signal })] : []),
    ...(job !== undefined && hasFailed ? [removeJob(world, job, { signal })] : []),
  ]);
}

async function owned<T extends KubeObject>(
  { cluster }: World,
  resource: Resource<T>,
  owner: KubeObject,
  { signal }: Waiting,
): Promise<readonly T[]> {
  const where = { namespace: owner.metadata.namespace, labelSelector: `${labels.managedBy}=${managedBy}` };
  const { items } = await cluster.list(resource, where, { signal });
  return items.filter((item) => isOwnedBy(item, owner));
}

/** The Role last: as long as it is there, whoever comes again after a failure knows that the others may be, too. */
async function removeRights({ cluster }: World, role: Key, { signal }: Waiting): Promise<void> {
  const { namespace, name } = role;
  await settled(
    [name, `${name}-hook`].map((each) => cluster.remove(roleBindings, { namespace, name: each }, { signal })),
  );
  await cluster.remove(roles, role, { signal });
}

/** As long as the pod object is there, even of a pod that has ended, Kubernetes protects the claims it names. */
async function freeClaims(world: World, job: Job, { signal }: Waiting): Promise<void> {
  const ended = (await owned(world, pods, job, { signal })).filter(isEnded);
  await settled(
    ended.map((pod) => {
      const { uid } = pod.metadata;
      return world.cluster.remove(pods, keyOf(pod), { signal, ...(uid === undefined ? {} : { uid }) });
    }),
  );
}
