import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { BackupSession } from "../../api/backup-session.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { jobs } from "../../kube/core.ts";
import type { Outcome } from "../controller.ts";
import { sentenceOf } from "../session/news.ts";
import { makeExecutor } from "../session/offshoots.ts";
import { prepare } from "../session/preparation.ts";
import { isFatal, tellUnused } from "../session/starting.ts";
import { momentOf } from "../session/writing.ts";
import { type BackupSessionView, deadlineIn, hasBegun } from "./decide.ts";
import { jobNameOf, type Means, write } from "./means.ts";
import { isFinal } from "./phase.ts";
import * as change from "./status.ts";
import { targetRefOf } from "./view.ts";

/** Makes what carries the session out. Until then others see that it is claimed. */
export async function start(means: Means, view: BackupSessionView, waiting: Waiting): Promise<Outcome> {
  const { session, invoker } = view;
  if (invoker.state !== "found") return undefined;
  means.memory.claim(session);
  try {
    await make(means, { view, configuration: invoker.configuration }, waiting);
  } catch (error) {
    if (!isFatal(means, session, error)) throw error;
    await refuse(means, { view, message: sentenceOf(error) }, waiting);
  } finally {
    means.memory.release(session);
  }
  return undefined;
}

async function make(
  means: Means,
  { view, configuration }: { readonly view: BackupSessionView; readonly configuration: BackupConfiguration },
  waiting: Waiting,
): Promise<void> {
  const { world } = means;
  const { session } = view;
  const executor = await prepare(world, { session, invoker: configuration }, waiting);
  const begun = await makeExecutor(world, executor, { begin: () => begin(means, view, waiting), ...waiting });
  if (begun === undefined) return;
  const { name } = executor;
  await write(means, { session: begun }, (status) => change.ensured(status, name, momentOf(world, session)), waiting);
  await tellUnused(world, session, executor);
}

/** Says in the status what the Job is to do; undefined: there must be no Job (any more). */
async function begin(means: Means, view: BackupSessionView, waiting: Waiting): Promise<BackupSession | undefined> {
  const { session } = view;
  const moment = momentOf(means.world, session);
  const beginning = beginningOf(view);
  // One that has begun is read anew: since then somebody else may have gone on with it.
  const isFresh = !hasBegun(session.status ?? {});
  const written = await write(
    means,
    { session, isFresh },
    (status) => change.begun(status, beginning, moment),
    waiting,
  );
  const { status = {} } = written ?? {};
  const isWanted = written !== undefined && written.metadata.deletionTimestamp == null;
  return isWanted && !isFinal(status.phase) && !change.isDecided(status) ? written : undefined;
}

function beginningOf({ session, invoker }: BackupSessionView): change.Beginning {
  const ref = invoker.state === "found" ? targetRefOf(invoker.configuration) : undefined;
  return { ref: ref ?? {}, deadline: deadlineIn(session, invoker) };
}

export async function refuse(
  means: Means,
  { view, message }: { readonly view: BackupSessionView; readonly message: string },
  waiting: Waiting,
): Promise<Outcome> {
  const { world } = means;
  const { session } = view;
  const beginning = { ...beginningOf(view), message };
  await write(means, { session }, (status) => change.refused(status, beginning, momentOf(world, session)), waiting);
  // An answer may have been lost, and the Job made.
  const key = { namespace: session.metadata.namespace, name: jobNameOf(session) };
  if (hasBegun(session.status ?? {})) await world.cluster.remove(jobs, key, { ...waiting, propagation: "Background" });
  return { requeueAfterMs: 0 };
}

export async function hold(
  means: Means,
  {
    view,
    message,
    recheckMs,
  }: { readonly view: BackupSessionView; readonly message: string; readonly recheckMs: number },
  waiting: Waiting,
): Promise<Outcome> {
  const { session, invoker } = view;
  const moment = momentOf(means.world, session);
  if (session.status?.phase === undefined) {
    await write(means, { session }, (status) => change.held(status, deadlineIn(session, invoker), moment), waiting);
    await means.world.recorder.event(session, { type: "Normal", reason: "Backup Waiting", message });
  }
  return { requeueAfterMs: recheckMs };
}
