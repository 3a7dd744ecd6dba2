import type { BackupConfiguration } from "../api/backup-configuration.ts";
import type { BackupSession } from "../api/backup-session.ts";
import { parseGoDuration } from "../api/duration.ts";
import type { RestoreSession } from "../api/restore-session.ts";
import type { InvokerFacts } from "../metrics/labels.ts";
import { backupSeries, restorePhaseSeries } from "../metrics/own-series.ts";
import type { Series } from "../metrics/table.ts";
import type { Caches } from "./controller.ts";
import { nextRunOf } from "./next-run.ts";
import { repositoryOf } from "./repository/references.ts";

/** Figures of the configurations, made from the caches whenever they are asked for: nothing that goes leaves one behind. */
export function configurationSeries(
  caches: Pick<Caches, "backupConfigurations" | "backupSessions" | "repositories" | "cronJobs">,
  now: Date,
): readonly Series[] {
  const sessions = sessionsByInvoker(caches.backupSessions.list());
  return caches.backupConfigurations.list().flatMap((configuration) => {
    const { metadata, spec, status } = configuration;
    const own = sessions.get(`${metadata.namespace}/${metadata.name}`) ?? [];
    return backupSeries({
      invoker: invokerFacts(configuration),
      isPaused: spec.paused === true,
      isReady: status?.phase === "Ready",
      nextRun: nextRunOf(configuration, caches.cronJobs.ownedBy(metadata.uid ?? "")[0], now),
      lastSuccess: lastSuccess(own) ?? lastBackupOf(configuration, caches.repositories),
      session: newest(own),
    });
  });
}

/** Figures of the restores that are there. */
export function restoreSeries({ restoreSessions }: Pick<Caches, "restoreSessions">): readonly Series[] {
  return restoreSessions.list().flatMap((session) => restorePhaseSeries(session, invokerFacts(session)));
}

/** When no successful session is kept: what the Repository says, as long as nobody else stores in it. */
function lastBackupOf(configuration: BackupConfiguration, repositories: Caches["repositories"]): Date | undefined {
  const key = repositoryOf(configuration);
  const { references = [], lastBackupTime } = (key === undefined ? undefined : repositories.get(key))?.status ?? {};
  const isAlone = references.filter(({ kind }) => kind === configuration.kind).length === 1;
  return isAlone && lastBackupTime !== undefined ? new Date(lastBackupTime) : undefined;
}

export function invokerFacts({ kind, metadata, spec }: BackupConfiguration | RestoreSession): InvokerFacts {
  const { name = "", namespace = "" } = metadata;
  return { kind, name, namespace, repository: spec.repository?.name ?? "" };
}

/** By the name in the spec: a long name has no label. */
export function sessionsByInvoker(sessions: readonly BackupSession[]): ReadonlyMap<string, readonly BackupSession[]> {
  const found = new Map<string, BackupSession[]>();
  for (const session of sessions) {
    const { invoker } = session.spec;
    if (invoker.kind !== "BackupConfiguration") continue;
    const key = `${session.metadata.namespace}/${invoker.name}`;
    found.set(key, [...(found.get(key) ?? []), session]);
  }
  return found;
}

function createdAt({ metadata }: BackupSession): number {
  return Date.parse(metadata.creationTimestamp ?? "") || 0;
}

export function newest(sessions: readonly BackupSession[]): BackupSession | undefined {
  return sessions.toSorted((one, other) => createdAt(other) - createdAt(one))[0];
}

/** Skipped ones have no figures. */
export function newestEnded(sessions: readonly BackupSession[]): BackupSession | undefined {
  return newest(sessions.filter(({ status }) => status?.phase === "Succeeded" || status?.phase === "Failed"));
}

/** When a session ended: as its creation and its duration say. */
export function endOf(session: BackupSession): Date | undefined {
  const duration = session.status?.sessionDuration;
  try {
    return duration === undefined ? undefined : new Date(createdAt(session) + parseGoDuration(duration));
  } catch {
    return undefined;
  }
}

export function lastSuccess(sessions: readonly BackupSession[]): Date | undefined {
  const good = sessions.filter(({ status }) => status?.phase === "Succeeded");
  const ends = good.map((session) => endOf(session)?.getTime() ?? 0);
  return ends.length === 0 ? undefined : new Date(Math.max(...ends));
}
