import { statusOf } from "../../api/condition.ts";
import type { RestoreSession } from "../../api/restore-session.ts";
import { Failure } from "../../kit/failures.ts";
import type { Waiting } from "../../kube/cluster.ts";
import type { World } from "../controller.ts";
import { repositoryOf } from "../repository/references.ts";
import { sentenceOf } from "../session/news.ts";
import { readExecutor } from "../session/offshoots.ts";
import { prepare } from "../session/preparation.ts";
import { targetOf } from "../task/target.ts";
import { type FullKey, usable } from "../view/backend.ts";
import { type Checked, check } from "./check.ts";
import { hasBegun, type RestoreSessionView } from "./decide.ts";
import { jobNameOf, type Means } from "./means.ts";
import { isFinal } from "./phase.ts";

/** All but the rival: it is looked for in the moment of the decision, see `rivalOf`. */
export async function readView(
  means: Means,
  session: RestoreSession,
  waiting: Waiting,
): Promise<Omit<RestoreSessionView, "rival">> {
  const { metadata, status = {} } = session;
  const isOpen = metadata.deletionTimestamp == null && !isFinal(status.phase);
  const isEnsured = statusOf(status.conditions, "RestoreExecutorEnsured") === "True";
  const checked = isOpen && !hasBegun(status) ? await readChecked(means, session, waiting) : undefined;
  const executor =
    isOpen && isEnsured ? await readExecutor(means, { session, jobName: jobNameOf(session) }, waiting) : undefined;
  return { session, checked, executor, now: means.world.clock() };
}

async function readChecked({ world, secrets }: Means, session: RestoreSession, waiting: Waiting): Promise<Checked> {
  const { caches } = world;
  const namespace = session.metadata.namespace ?? "";
  const repositoryKey = repositoryOf(session);
  const repository = repositoryKey === undefined ? undefined : caches.repositories.get(repositoryKey);
  const name = usable(repository)?.spec.backend?.storageSecretName ?? "";
  const targetKey = targetKeyOf(session);
  const appBinding = targetKey === undefined ? undefined : caches.appBindings.get(targetKey);
  const isTargetThere = appBinding !== undefined && appBinding.metadata.deletionTimestamp == null;
  const isReady = usable(repository) !== undefined && isTargetThere;
  return check({
    ...{ session, repositoryKey, repository, targetKey, isTargetThere },
    secret: name === "" ? undefined : await secrets.read({ namespace: repository?.metadata.namespace, name }, waiting),
    referrer: { namespace, labels: caches.namespaces.get({ name: namespace })?.metadata.labels ?? undefined },
    taskMistake: isReady ? await taskMistakeOf(world, session, waiting) : undefined,
  });
}

/** Whether a Job could be made, by making one that nobody sends. */
async function taskMistakeOf(world: World, session: RestoreSession, waiting: Waiting): Promise<string | undefined> {
  try {
    await prepare(world, { session, invoker: session }, waiting);
    return undefined;
  } catch (error) {
    if (Failure.is(error, "configuration-invalid")) return sentenceOf(error);
    throw error;
  }
}

/** Another restore to the same target that is at work: it was looked at first. */
export function rivalOf({ world: { caches }, memory }: Means, session: RestoreSession): string | undefined {
  const { uid } = session.metadata;
  const target = targetKeyOf(session);
  if (target === undefined || hasBegun(session.status ?? {})) return undefined;
  const rival = caches.restoreSessions
    .list(({ metadata, status }) => metadata.uid !== uid && !isFinal(status?.phase))
    .map((other) => memory.newest(other))
    .filter(({ metadata, status }) => metadata.deletionTimestamp == null && !isFinal(status?.phase))
    .filter((other) => memory.isClaimed(other) || hasBegun(other.status ?? {}))
    .find((other) => {
      const theirs = targetKeyOf(other);
      return theirs?.name === target.name && theirs.namespace === target.namespace;
    });
  return rival === undefined ? undefined : `${rival.metadata.namespace}/${rival.metadata.name}`;
}

/** undefined for a session without a target, or with one that is no AppBinding. */
export function targetKeyOf(session: RestoreSession): FullKey | undefined {
  try {
    const { name, namespace } = targetOf(session);
    return { name, namespace };
  } catch (error) {
    if (Failure.is(error)) return undefined;
    throw error;
  }
}
