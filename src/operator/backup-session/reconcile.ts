import type { Waiting } from "../../kube/cluster.ts";
import { recorder } from "../../kube/recorder.ts";
import type { Controller, Outcome, World } from "../controller.ts";
import { keepReport } from "../session/answers.ts";
import { explain } from "../session/log-tail.ts";
import { openMemory } from "../session/memory.ts";
import { stopJob } from "../session/offshoots.ts";
import type { Trouble } from "../session/pod-state.ts";
import { statusUpdater } from "../session/telling.ts";
import { momentOf } from "../session/writing.ts";
import { type BackupSessionView, decide, type Step } from "./decide.ts";
import { cleanHistory, finish } from "./finish.ts";
import { hostOf, jobNameOf, type Means, write } from "./means.ts";
import { countSession } from "./metrics.ts";
import { retry } from "./retry.ts";
import { hold, refuse, start } from "./start.ts";
import * as change from "./status.ts";
import { readView, rivalsOf } from "./view.ts";
import { backupSessionWatches } from "./watches.ts";

export function backupSessionController(world: World): Controller {
  const { cluster, log, clock } = world;
  const onFailure = (error: unknown) => log.warn({ error }, "event not written");
  const means: Means = {
    world,
    memory: openMemory(),
    statusUpdater: recorder(cluster, { component: statusUpdater, onFailure, clock }),
  };
  return {
    kind: "BackupSession",
    watches: backupSessionWatches(means.memory),
    async reconcile(key, waiting) {
      const cached = world.caches.backupSessions.get(key);
      if (cached === undefined) return undefined;
      const session = means.memory.newest(cached);
      const known = await readView(means, session, waiting);
      // From here to the claim of a start nothing may wait.
      const view = { ...known, rivals: rivalsOf(means, session) };
      return await perform(means, { view, step: decide(view) }, waiting);
    },
  };
}

async function perform(
  means: Means,
  { view, step }: { readonly view: BackupSessionView; readonly step: Step },
  waiting: Waiting,
): Promise<Outcome> {
  switch (step.do) {
    case "nothing":
      return undefined;
    case "wait":
      return await attend(means, { view, recheckMs: step.recheckMs }, waiting);
    case "hold":
      return await hold(means, { ...step, view }, waiting);
    case "skip":
      return await skip(means, { ...step, view }, waiting);
    case "refuse":
      return await refuse(means, { ...step, view }, waiting);
    case "start":
      return await start(means, view, waiting);
    case "fail":
      return await fail(means, { ...step, view }, waiting);
    case "expire":
      return await expire(means, { ...step, view }, waiting);
    case "finish":
      await finish(means, view, waiting);
      return undefined;
    case "retry":
      if (view.invoker.state === "found")
        await retry(means, { session: view.session, configuration: view.invoker.configuration }, waiting);
      return undefined;
    default:
      throw new Error(`unknown step ${step satisfies never}`);
  }
}

interface Seen {
  readonly view: BackupSessionView;
}

/** While its Job works, or until its next try. */
async function attend(
  { world }: Means,
  { view: { session, executor }, recheckMs }: Seen & { readonly recheckMs?: number | undefined },
  waiting: Waiting,
): Promise<Outcome> {
  const asked =
    executor === undefined ? {} : await keepReport(world, { session, jobName: jobNameOf(session) }, waiting);
  const times = [recheckMs, asked.recheckMs].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : { requeueAfterMs: Math.min(...times) };
}

async function skip(
  means: Means,
  { view, message }: Seen & { readonly message: string },
  waiting: Waiting,
): Promise<Outcome> {
  const { world } = means;
  const { session, invoker } = view;
  const moment = momentOf(world, session);
  const written = await write(means, { session }, (status) => change.skipped(status, message, moment), waiting);
  if (written?.status?.phase !== "Skipped") return undefined;
  const configuration = invoker.state === "found" ? invoker.configuration : undefined;
  await cleanHistory(world, { session: written, phase: "Skipped", configuration }, waiting);
  countSession(world, { session: written, configuration });
  await world.recorder.event(session, { type: "Warning", reason: "Backup Skipped", message });
  return undefined;
}

async function fail(
  means: Means,
  { view, trouble }: Seen & { readonly trouble: Trouble },
  waiting: Waiting,
): Promise<Outcome> {
  const { world } = means;
  const { session, invoker } = view;
  const { namespace = "" } = session.metadata;
  const error = await explain(world.cluster, { namespace, trouble }, waiting);
  const hasPostHook = invoker.state === "found" && invoker.configuration.spec.hooks?.postBackup !== undefined;
  const failing = { host: hostOf(invoker), trouble, error, hasPostHook };
  const moment = momentOf(world, session);
  const written = await write(means, { session }, (status) => change.failed(status, failing, moment), waiting);
  if (written === undefined) return undefined;
  await stopJob(world, session, { jobName: jobNameOf(session), ...waiting });
  return { requeueAfterMs: 0 };
}

async function expire(
  means: Means,
  { view, message }: Seen & { readonly message: string },
  waiting: Waiting,
): Promise<Outcome> {
  const { world } = means;
  const { session, invoker } = view;
  const late = { host: hostOf(invoker), message };
  const moment = momentOf(world, session);
  await write(means, { session }, (status) => change.expired(status, late, moment), waiting);
  return { requeueAfterMs: 0 };
}
