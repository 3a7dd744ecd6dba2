import type { BackupSession, BackupTargetStatus, HostBackupStats } from "../api/backup-session.ts";
import { defaultHost } from "../api/labels.ts";
import type { Repository } from "../api/repository.ts";
import type { HostRestoreStats, RestoreSession } from "../api/restore-session.ts";
import { type InvokerFacts, invokerLabels, repositoryLabels, type TargetFacts } from "./labels.ts";
import { bytesIn, clockSecondsIn, secondsIn, timeIn } from "./quantity.ts";
import { type Series, seriesOf } from "./table.ts";

/**
 * Stash's figures from statuses. A failure gives as many as a success does: a Pushgateway keeps what it is not told anew,
 * so a name left out would go on saying what was true before. All pure.
 */

export interface SessionFacts {
  readonly invoker: InvokerFacts;
  /** When a session of this invoker ended well before this one, as far as is known. */
  readonly lastSuccess?: Date | undefined;
}

/** Nothing while it runs, and nothing for a session that was skipped. */
export function sessionSeries({ metadata, status }: BackupSession, facts: SessionFacts): readonly Series[] {
  if (!isOver(status?.phase)) return [];
  const labels = invokerLabels(facts.invoker);
  const isGood = status?.phase === "Succeeded";
  const seconds = secondsIn(status?.sessionDuration);
  const ended = endOf(metadata.creationTimestamp, seconds);
  return [
    ...seriesOf("stash_appscode_com_backupsession_success", labels, isGood),
    ...seriesOf("stash_appscode_com_backupsession_duration_seconds", labels, seconds),
    ...seriesOf("stash_appscode_com_backupsession_target_count_total", labels, status?.targets?.length ?? 0),
    ...seriesOf(
      "stash_appscode_com_backupsession_last_success_time_seconds",
      labels,
      isGood ? ended : facts.lastSuccess,
    ),
  ];
}

export interface TargetSeriesFacts extends SessionFacts {
  readonly target: TargetFacts;
  /** When the session ended. */
  readonly ended: Date;
}

/** Of one target of a session that is over. */
export function targetSeries(status: BackupTargetStatus, facts: TargetSeriesFacts): readonly Series[] {
  const labels = { ...invokerLabels(facts.invoker), ...facts.target };
  const isGood = status.phase === "Succeeded";
  const hosts = status.totalHosts ?? status.stats?.length ?? 0;
  return [
    ...seriesOf("stash_appscode_com_backupsession_target_success", labels, isGood),
    ...seriesOf("stash_appscode_com_backupsession_target_host_count_total", labels, hosts),
    ...seriesOf(
      "stash_appscode_com_backupsession_target_last_success_time_seconds",
      labels,
      isGood ? facts.ended : facts.lastSuccess,
    ),
  ];
}

export interface HostFacts {
  readonly invoker: InvokerFacts;
  readonly target: TargetFacts;
}

/** Of one host of a target. A host that failed stored nothing, and that is what its figures say. */
export function hostSeries(stats: HostBackupStats, { invoker, target }: HostFacts): readonly Series[] {
  const labels = { ...invokerLabels(invoker), ...target, hostname: stats.hostname ?? defaultHost };
  const snapshots = stats.snapshots ?? [];
  const files = snapshots.map(({ fileStats = {} }) => fileStats);
  const prefix = "stash_appscode_com_backupsession_host";
  return [
    ...seriesOf(`${prefix}_backup_success`, labels, stats.phase === "Succeeded"),
    ...seriesOf(`${prefix}_backup_duration_seconds`, labels, secondsIn(stats.duration) ?? 0),
    ...seriesOf(`${prefix}_data_size_bytes`, labels, sum(snapshots.map(({ totalSize }) => bytesIn(totalSize)))),
    ...seriesOf(`${prefix}_data_uploaded_bytes`, labels, sum(snapshots.map(({ uploaded }) => bytesIn(uploaded)))),
    ...seriesOf(
      `${prefix}_data_processing_time_seconds`,
      labels,
      Math.floor(sum(snapshots.map(({ processingTime }) => clockSecondsIn(processingTime)))),
    ),
    ...seriesOf(`${prefix}_files_total`, labels, sum(files.map(({ totalFiles }) => totalFiles))),
    ...seriesOf(`${prefix}_files_new`, labels, sum(files.map(({ newFiles }) => newFiles))),
    ...seriesOf(`${prefix}_files_modified`, labels, sum(files.map(({ modifiedFiles }) => modifiedFiles))),
    ...seriesOf(`${prefix}_files_unmodified`, labels, sum(files.map(({ unmodifiedFiles }) => unmodifiedFiles))),
  ];
}

/** What the last session found out about the repository; what is not known is not said. */
export function repositorySeries(repository: Repository, invoker: InvokerFacts): readonly Series[] {
  const labels = repositoryLabels(invoker, repository);
  const { integrity, totalSize, snapshotCount, snapshotsRemovedOnLastCleanup } = repository.status ?? {};
  return [
    ...seriesOf("stash_appscode_com_repository_integrity", labels, integrity),
    ...seriesOf("stash_appscode_com_repository_size_bytes", labels, bytesIn(totalSize)),
    ...seriesOf("stash_appscode_com_repository_snapshot_count", labels, snapshotCount),
    ...seriesOf("stash_appscode_com_repository_snapshot_cleaned", labels, snapshotsRemovedOnLastCleanup),
  ];
}

/** All of a restore that is over: session, target and hosts. Nothing while it runs. */
export function restoreSeries({ status }: RestoreSession, { invoker, target }: HostFacts): readonly Series[] {
  if (!isOver(status?.phase)) return [];
  const base = invokerLabels(invoker);
  const labels = { ...base, ...target };
  const isGood = status?.phase === "Succeeded";
  const stats = status?.stats ?? [];
  const hosts = status?.totalHosts ?? stats.length;
  return [
    ...seriesOf("stash_appscode_com_restoresession_success", base, isGood),
    ...seriesOf("stash_appscode_com_restoresession_duration_seconds", base, secondsIn(status?.sessionDuration)),
    ...seriesOf("stash_appscode_com_restoresession_target_count_total", base, 1),
    ...seriesOf("stash_appscode_com_restoresession_target_success", labels, isGood),
    ...seriesOf("stash_appscode_com_restoresession_target_host_count_total", labels, hosts),
    ...stats.flatMap((host) => restoredHostSeries(host, labels)),
  ];
}

/** Of one host of a restore: what its Job knows while the session still runs. */
export function restoreHostSeries(stats: HostRestoreStats, { invoker, target }: HostFacts): readonly Series[] {
  return restoredHostSeries(stats, { ...invokerLabels(invoker), ...target });
}

function restoredHostSeries(
  { hostname = defaultHost, phase, duration }: HostRestoreStats,
  target: ReturnType<typeof invokerLabels> & TargetFacts,
): readonly Series[] {
  const labels = { ...target, hostname };
  const prefix = "stash_appscode_com_restoresession_host_restore";
  return [
    ...seriesOf(`${prefix}_success`, labels, phase === "Succeeded"),
    ...seriesOf(`${prefix}_duration_seconds`, labels, secondsIn(duration) ?? 0),
  ];
}

const finalPhases: ReadonlySet<string> = new Set(["Succeeded", "Failed", "Invalid"]);

function isOver(phase: string | undefined): boolean {
  return phase !== undefined && finalPhases.has(phase);
}

function endOf(created: string | null | undefined, seconds: number | undefined): Date | undefined {
  const begin = timeIn(created);
  return begin === undefined || seconds === undefined ? undefined : new Date(begin.getTime() + seconds * 1000);
}

function sum(numbers: readonly (number | undefined)[]): number {
  return numbers.reduce<number>((total, each) => total + (each ?? 0), 0);
}
