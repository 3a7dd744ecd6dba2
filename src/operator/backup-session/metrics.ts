import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { BackupSession } from "../../api/backup-session.ts";
import type { ConditionNews } from "../../api/condition.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { type InvokerFacts, invokerLabels, targetFacts } from "../../metrics/labels.ts";
import { hostSeries, sessionSeries, targetSeries } from "../../metrics/series.ts";
import type { Series } from "../../metrics/table.ts";
import type { World } from "../controller.ts";
import { pushSession } from "../session/metrics.ts";
import { newsOf } from "../session/news.ts";
import { durationOf } from "../session/times.ts";
import { isOfSameInvoker } from "./view.ts";

interface Ended {
  /** With the phase and the duration that it is about to get. */
  readonly session: BackupSession;
  readonly configuration: BackupConfiguration | undefined;
}

export async function pushBackupSession(
  world: World,
  { session, configuration }: Ended,
  waiting: Waiting,
): Promise<ConditionNews> {
  if (configuration === undefined)
    return newsOf("MetricsPushed", "True", "The BackupConfiguration is gone, and its metrics with it.");
  const invoker = invokerFactsOf(configuration);
  return await pushSession(world, { invoker, series: seriesOf(world, { session, invoker }) }, waiting);
}

/** One more session that ended so: Stash says nothing of those that were skipped. */
export function countSession({ metrics }: World, { session, configuration }: Ended): void {
  if (configuration === undefined) return;
  const phase = session.status?.phase ?? "Unknown";
  metrics.add("coldstream_backup_sessions_total", { ...invokerLabels(invokerFactsOf(configuration)), phase });
}

function invokerFactsOf({ kind, metadata, spec }: BackupConfiguration): InvokerFacts {
  const { name = "", namespace = "" } = metadata;
  return { kind, name, namespace, repository: spec.repository?.name ?? "" };
}

function seriesOf(
  world: World,
  { session, invoker }: { readonly session: BackupSession; readonly invoker: InvokerFacts },
): readonly Series[] {
  const facts = { invoker, lastSuccess: lastSuccessBefore(world, session) };
  const ended = endOf(session) ?? world.clock();
  const targets = (session.status?.targets ?? []).flatMap((status) => {
    const { namespace, name = "" } = status.ref ?? {};
    const target = targetFacts(status.ref, world.caches.appBindings.get({ namespace, name }));
    // Of the others their Job told itself; one that crashed told nothing.
    const failed = (status.stats ?? []).filter(({ phase }) => phase === "Failed");
    return [
      ...targetSeries(status, { ...facts, target, ended }),
      ...failed.flatMap((stats) => hostSeries(stats, { invoker, target })),
    ];
  });
  return [...sessionSeries(session, facts), ...targets];
}

function lastSuccessBefore({ caches }: World, session: BackupSession): Date | undefined {
  const times = caches.backupSessions
    .list((other) => other.status?.phase === "Succeeded" && isOfSameInvoker(session, other))
    .flatMap((other) => endOf(other)?.getTime() ?? []);
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}

function endOf({ metadata, status }: BackupSession): Date | undefined {
  const begin = Date.parse(metadata.creationTimestamp ?? "");
  const tookMs = durationOf(status?.sessionDuration);
  return Number.isNaN(begin) || tookMs === undefined ? undefined : new Date(begin + tookMs);
}
