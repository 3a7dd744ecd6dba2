import type { ConditionNews } from "../../api/condition.ts";
import { finalizers } from "../../api/labels.ts";
import type { RestoreSession } from "../../api/restore-session.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { recorder } from "../../kube/recorder.ts";
import { keyOf } from "../../kube/resource.ts";
import { addFinalizer, removeFinalizer } from "../../kube/update.ts";
import type { Controller, Outcome, World } from "../controller.ts";
import { keepReport } from "../session/answers.ts";
import { explain } from "../session/log-tail.ts";
import { openMemory } from "../session/memory.ts";
import { stopJob } from "../session/offshoots.ts";
import type { Trouble } from "../session/pod-state.ts";
import { statusUpdater } from "../session/telling.ts";
import { momentOf } from "../session/writing.ts";
import { openSecretReader } from "../view/secret.ts";
import { recheckAfterMs } from "./check.ts";
import { deadlineIn, decide, type RestoreSessionView, type Step } from "./decide.ts";
import { finish, giveBack } from "./finish.ts";
import { hostOf, jobNameOf, type Means, restoreSessions, write } from "./means.ts";
import { isFinal } from "./phase.ts";
import { start } from "./start.ts";
import * as change from "./status.ts";
import { readView, rivalOf } from "./view.ts";
import { restoreSessionWatches } from "./watches.ts";

export function restoreSessionController(world: World): Controller {
  const { cluster, log, clock } = world;
  const onFailure = (error: unknown) => log.warn({ error }, "event not written");
  const means: Means = {
    world,
    memory: openMemory(),
    secrets: openSecretReader(cluster, clock),
    statusUpdater: recorder(cluster, { component: statusUpdater, onFailure, clock }),
  };
  return {
    kind: "RestoreSession",
    watches: restoreSessionWatches(means.memory),
    async reconcile(key, waiting) {
      const cached = world.caches.restoreSessions.get(key);
      if (cached === undefined) return undefined;
      const session = await held(means, means.memory.newest(cached), waiting);
      if (session === undefined) return undefined;
      const known = await readView(means, session, waiting);
      // From here to the claim of a start nothing may wait.
      const view = { ...known, rival: rivalOf(means, session) };
      return await perform(means, { view, step: decide(view) }, waiting);
    },
  };
}

/** With our finalizer: its rights elsewhere have no owner. */
async function held(
  { world, memory }: Means,
  session: RestoreSession,
  waiting: Waiting,
): Promise<RestoreSession | undefined> {
  if (isFinal(session.status?.phase)) return session;
  const options = { ...waiting, finalizer: finalizers.invoker, from: session };
  const kept = await addFinalizer(world.cluster, restoreSessions, keyOf(session), options);
  if (kept !== undefined && kept !== session) memory.wrote(kept);
  return kept;
}

async function perform(
  means: Means,
  { view, step }: { readonly view: RestoreSessionView; readonly step: Step },
  waiting: Waiting,
): Promise<Outcome> {
  const { session } = view;
  switch (step.do) {
    case "nothing":
      return undefined;
    case "release":
      return await release(means, session, waiting);
    case "wait":
      return await attend(means, { view, recheckMs: step.recheckMs }, waiting);
    case "hold":
      return await hold(means, { ...step, session }, waiting);
    case "start":
      return await start(means, { session, findings: step.findings }, waiting);
    case "fail":
      return await fail(means, { session, trouble: step.trouble }, waiting);
    case "expire":
      return await expire(means, { session, message: step.message }, waiting);
    case "finish":
      await finish(means, session, waiting);
      return undefined;
    default:
      throw new Error(`unknown step ${step satisfies never}`);
  }
}

async function release(means: Means, session: RestoreSession, waiting: Waiting): Promise<undefined> {
  await giveBack(means, session, waiting);
  const options = { ...waiting, finalizer: finalizers.invoker, from: session };
  await removeFinalizer(means.world.cluster, restoreSessions, keyOf(session), options);
}

/** While its Job works. */
async function attend(
  { world }: Means,
  {
    view: { session, executor },
    recheckMs,
  }: { readonly view: RestoreSessionView; readonly recheckMs?: number | undefined },
  waiting: Waiting,
): Promise<Outcome> {
  const asked =
    executor === undefined ? {} : await keepReport(world, { session, jobName: jobNameOf(session) }, waiting);
  const times = [recheckMs, asked.recheckMs].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : { requeueAfterMs: Math.min(...times) };
}

interface Holding {
  readonly session: RestoreSession;
  readonly findings: readonly ConditionNews[];
  readonly rival?: string;
}

async function hold(means: Means, { session, findings, rival }: Holding, waiting: Waiting): Promise<Outcome> {
  const { world } = means;
  const now = world.clock();
  const deadline = deadlineIn(session);
  const moment = momentOf(world, session);
  const written = await write(
    means,
    { session },
    (status) => change.held(status, { findings, deadline }, moment),
    waiting,
  );
  if (rival !== undefined && session.status?.phase === undefined) {
    const message = `RestoreSession ${rival}, which has the same target, comes first.`;
    await world.recorder.event(session, { type: "Normal", reason: "Restore Waiting", message });
  }
  const lateMs = deadline === undefined ? Number.POSITIVE_INFINITY : Math.max(0, deadline.getTime() - now.getTime());
  return { requeueAfterMs: Math.min(recheckAfterMs(written ?? session, now), lateMs) };
}

async function fail(
  means: Means,
  { session, trouble }: { readonly session: RestoreSession; readonly trouble: Trouble },
  waiting: Waiting,
): Promise<Outcome> {
  const { world } = means;
  const { namespace = "" } = session.metadata;
  const error = await explain(world.cluster, { namespace, trouble }, waiting);
  const failing = { host: hostOf(session), error, hasPostHook: session.spec.hooks?.postRestore !== undefined };
  const moment = momentOf(world, session);
  const written = await write(means, { session }, (status) => change.failed(status, failing, moment), waiting);
  if (written === undefined) return undefined;
  await stopJob(world, session, { jobName: jobNameOf(session), ...waiting });
  return { requeueAfterMs: 0 };
}

async function expire(
  means: Means,
  { session, message }: { readonly session: RestoreSession; readonly message: string },
  waiting: Waiting,
): Promise<Outcome> {
  const moment = momentOf(means.world, session);
  const late = { host: hostOf(session), message };
  await write(means, { session }, (status) => change.expired(status, late, moment), waiting);
  return { requeueAfterMs: 0 };
}
