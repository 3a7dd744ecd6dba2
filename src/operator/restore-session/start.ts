import type { ConditionNews } from "../../api/condition.ts";
import type { RestoreSession } from "../../api/restore-session.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { jobs } from "../../kube/core.ts";
import { keyOf } from "../../kube/resource.ts";
import { ensure } from "../../kube/update.ts";
import type { Outcome } from "../controller.ts";
import { ensurePullSecrets } from "../pull-secret.ts";
import { repositoryOf } from "../repository/references.ts";
import { buildFarRights } from "../rights/job.ts";
import { sentenceOf } from "../session/news.ts";
import { makeExecutor } from "../session/offshoots.ts";
import { prepare } from "../session/preparation.ts";
import { isFatal, tellUnused } from "../session/starting.ts";
import { momentOf } from "../session/writing.ts";
import { deadlineIn, hasBegun } from "./decide.ts";
import { jobNameOf, type Means, write } from "./means.ts";
import { isFinal } from "./phase.ts";
import * as change from "./status.ts";

interface Starting {
  readonly session: RestoreSession;
  readonly findings: readonly ConditionNews[];
}

/** Makes what carries the restore out. Until then others see that it is claimed. */
export async function start(means: Means, starting: Starting, waiting: Waiting): Promise<Outcome> {
  const { session } = starting;
  means.memory.claim(session);
  try {
    await make(means, starting, waiting);
  } catch (error) {
    if (!isFatal(means, session, error)) throw error;
    await refuse(means, { session, message: sentenceOf(error) }, waiting);
    return { requeueAfterMs: 0 };
  } finally {
    means.memory.release(session);
  }
  return undefined;
}

async function make(means: Means, starting: Starting, waiting: Waiting): Promise<void> {
  const { world } = means;
  const { session } = starting;
  const executor = await prepare(world, { session, invoker: session }, waiting);
  await makeRights(means, session, waiting);
  const begun = await makeExecutor(world, executor, { begin: () => begin(means, starting, waiting), ...waiting });
  if (begun === undefined) return;
  const { name } = executor;
  await write(means, { session: begun }, (status) => change.ensured(status, name, momentOf(world, session)), waiting);
  await tellUnused(world, session, executor);
}

/** What no session can own: rights in the Repository's namespace. A BackupConfiguration has them all the time. */
async function makeRights({ world }: Means, session: RestoreSession, waiting: Waiting): Promise<void> {
  const { caches, cluster } = world;
  const key = repositoryOf(session);
  const repository = key === undefined ? undefined : caches.repositories.get(key);
  await ensurePullSecrets(world, session, waiting);
  if (repository === undefined) return;
  // A RoleBinding may only be made where its Role is: one after the other.
  for (const { resource, draft } of buildFarRights(session, repository))
    await ensure(cluster, resource, draft, waiting);
}

/** Says in the status that it begins; undefined: there must be no Job (any more). */
async function begin(
  means: Means,
  { session, findings }: Starting,
  waiting: Waiting,
): Promise<RestoreSession | undefined> {
  const moment = momentOf(means.world, session);
  const found = { findings, deadline: deadlineIn(session) };
  // One that has begun is read anew: since then somebody else may have gone on with it.
  const isFresh = !hasBegun(session.status ?? {});
  const written = await write(means, { session, isFresh }, (status) => change.begun(status, found, moment), waiting);
  const { status = {} } = written ?? {};
  const isWanted = written !== undefined && written.metadata.deletionTimestamp == null;
  return isWanted && !isFinal(status.phase) && !change.isDecided(status) ? written : undefined;
}

async function refuse(
  means: Means,
  { session, message }: { readonly session: RestoreSession; readonly message: string },
  waiting: Waiting,
): Promise<void> {
  const { world } = means;
  await write(means, { session }, (status) => change.refused(status, message, momentOf(world, session)), waiting);
  // An answer may have been lost, and the Job made.
  const key = { ...keyOf(session), name: jobNameOf(session) };
  if (hasBegun(session.status ?? {})) await world.cluster.remove(jobs, key, { ...waiting, propagation: "Background" });
}
