import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { BackupSession, BackupSessionPhase } from "../../api/backup-session.ts";
import type { ConditionNews } from "../../api/condition.ts";
import type { SessionReport } from "../../api/session-report.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { configMaps } from "../../kube/core.ts";
import { keyOf } from "../../kube/resource.ts";
import type { World } from "../controller.ts";
import { repositoryOf } from "../repository/references.ts";
import { attempt } from "../session/attempt.ts";
import { newsOf } from "../session/news.ts";
import { clearAway, stopJob } from "../session/offshoots.ts";
import { reportOf } from "../session/report.ts";
import { syncSnapshots } from "../session/snapshot-sync.ts";
import { hostNews, streamNews } from "../session/telling.ts";
import { durationOf } from "../session/times.ts";
import { momentOf } from "../session/writing.ts";
import type { BackupSessionView } from "./decide.ts";
import { surplus } from "./history.ts";
import { backupSessions, jobNameOf, type Means, write } from "./means.ts";
import { countSession, pushBackupSession } from "./metrics.ts";
import { isFinal } from "./phase.ts";
import * as change from "./status.ts";
import { isOfSameInvoker } from "./view.ts";

/**
 * The end of a session whose result is known. Each step may be done again: who is killed between two of them leaves
 * nothing that the next pass does not mend. Events come last, so that they are told once.
 */
export async function finish(means: Means, view: BackupSessionView, { signal }: Waiting): Promise<void> {
  const { world } = means;
  const { invoker } = view;
  const configuration = invoker.state === "found" ? invoker.configuration : undefined;
  const session = await world.cluster.get(backupSessions, keyOf(view.session), { signal });
  if (session === undefined || session.metadata.uid !== view.session.metadata.uid) return;
  if (isFinal(session.status?.phase)) return;
  const jobName = jobNameOf(session);
  await stopJob(world, session, { jobName, signal });
  const report = await readReport(world, session, { signal });
  await keepSnapshots(world, { session, configuration, report }, { signal });
  const retry = retryOf(session, configuration);
  const expected = asEnded(
    session,
    change.finished(session.status ?? {}, { metrics: assumed, ...retry }, momentOf(world, session)),
  );
  // Before older sessions go: they know when a backup was good last.
  const metrics = await pushBackupSession(world, { session: expected, configuration }, { signal });
  const phase = expected.status?.phase ?? "Unknown";
  const clearing = { jobName, hasFailed: phase === "Failed", signal };
  await attempt(world, { session, what: "clearing away", signal }, () => clearAway(world, session, clearing));
  const history = await cleanHistory(world, { session, phase, configuration }, { signal });
  const end = { metrics, history, ...retry };
  const written = await write(means, { session }, (status) => change.finished(status, end, momentOf(world, session)), {
    signal,
  });
  if (written === undefined) return;
  countSession(world, { session: written, configuration });
  await tell(means, written, report);
}

const assumed = newsOf("MetricsPushed", "True", "");

function asEnded(session: BackupSession, status: BackupSession["status"]): BackupSession {
  return { ...session, status };
}

async function readReport({ cluster }: World, session: BackupSession, waiting: Waiting): Promise<SessionReport> {
  const key = { namespace: session.metadata.namespace, name: jobNameOf(session) };
  return reportOf(await cluster.get(configMaps, key, waiting));
}

interface Ended {
  readonly session: BackupSession;
  readonly configuration: BackupConfiguration | undefined;
}

async function keepSnapshots(
  world: World,
  { session, configuration, report: { snapshots } }: Ended & { readonly report: SessionReport },
  waiting: Waiting,
): Promise<void> {
  const key = configuration === undefined ? undefined : repositoryOf(configuration);
  const repository = key === undefined ? undefined : world.caches.repositories.get(key);
  if (repository === undefined || snapshots === undefined) return;
  const work = () => syncSnapshots(world, { repository, reported: snapshots }, waiting);
  await attempt(world, { session, what: "keeping Snapshots", ...waiting }, work);
}

/** Without an invoker there is no limit: its sessions go with it. */
export async function cleanHistory(
  world: World,
  { session, phase, configuration }: Ended & { readonly phase: BackupSessionPhase },
  { signal }: Waiting,
): Promise<ConditionNews | undefined> {
  if (configuration === undefined) return undefined;
  const all = world.caches.backupSessions.list((other) => isOfSameInvoker(session, other));
  const old = surplus({ session, phase }, all, configuration.spec.backupHistoryLimit);
  const trouble = await attempt(world, { session, what: "cleaning the history", signal }, async () => {
    for (const each of old) {
      const { uid } = each.metadata;
      const options = { signal, propagation: "Background", ...(uid === undefined ? {} : { uid }) } as const;
      await world.cluster.remove(backupSessions, keyOf(each), options);
    }
  });
  return trouble === undefined
    ? newsOf("BackupHistoryCleaned", "True", `${old.length} older BackupSessions were deleted.`)
    : newsOf("BackupHistoryCleaned", "False", `Older BackupSessions could not be deleted: ${trouble}.`);
}

function retryOf(
  { spec }: BackupSession,
  configuration: BackupConfiguration | undefined,
): { readonly retryDelayMs?: number } {
  if (configuration === undefined || (spec.retryLeft ?? 0) <= 0) return {};
  return { retryDelayMs: durationOf(configuration.spec.retryConfig?.delay) ?? 0 };
}

async function tell({ world, statusUpdater }: Means, session: BackupSession, report: SessionReport): Promise<void> {
  const { targets = [], conditions = [], nextRetry } = session.status ?? {};
  for (const news of targets.flatMap(({ stats = [] }) => hostNews("Backup", stats)))
    await statusUpdater.event(session, news);
  for (const news of streamNews("Backup", report.streams ?? [])) await world.recorder.event(session, news);
  const late = conditions.find(({ type, status }) => type === "DeadlineExceeded" && status === "True");
  const bad = targets
    .flatMap((target) => target.conditions ?? [])
    .filter(({ type }) => type === "BackupExecutorEnsured");
  for (const { status, message = "" } of bad) {
    if (status === "False") await warn("Backup Job Failed", message);
  }
  if (late !== undefined) await warn("Deadline Exceeded", late.message ?? "");
  if (nextRetry !== undefined) await warn("Backup Retry Planned", `The backup will be tried again at ${nextRetry}.`);

  async function warn(reason: string, message: string): Promise<void> {
    await world.recorder.event(session, { type: "Warning", reason, message });
  }
}
