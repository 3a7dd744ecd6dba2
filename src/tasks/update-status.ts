import { actions } from "../api/labels.ts";
import type { ReportedSnapshot } from "../api/session-report.ts";
import type { TaskFlags } from "../api/task-flags.ts";
import { Failure } from "../kit/failures.ts";
import { resourceOf } from "../kube/resource.ts";
import type { Scope } from "../repository/published.ts";
import type { Snapshot } from "../repository/restic.ts";
import { required, type TaskContext } from "./context.ts";
import { type MetricsFacts, pushRepositoryMetrics, pushSessionMetrics } from "./metrics-step.ts";
import { invokerName, targetName } from "./origin.ts";
import { isWanted, type PostResult, runPostActions } from "./post-actions.ts";
import { openAccess } from "./repository-access.ts";
import { writeRepositoryStatus } from "./repository-status.ts";
import { openBackupSession, openRestoreSession, type SessionPlace } from "./session.ts";
import { openReport } from "./session-report.ts";
import { type Output, readOutput } from "./step-output.ts";

export type StatusFlags = TaskFlags<"update-status">;

/**
 * The last step of a Job: retention, check and measures after a backup that failed nowhere, then everything that was found
 * out into the session's status and report. What fails here besides stands in a condition; only a status that cannot be
 * written fails the Job.
 */
export async function updateSessionStatus(context: TaskContext, flags: StatusFlags): Promise<undefined> {
  const output = await readOutput(context.paths.resolve(flags.outputDir));
  if (flags.backupsession !== undefined)
    await afterBackup(context, { ...flags, backupsession: flags.backupsession }, output);
  else if (flags.restoresession !== undefined)
    await afterRestore(context, { flags, name: flags.restoresession }, output);
  else throw new Failure("usage", "update-status: neither --backupsession nor --restoresession is given");
}

type BackupStatusFlags = StatusFlags & { readonly backupsession: string };

async function afterBackup(context: TaskContext, flags: BackupStatusFlags, output: Output): Promise<void> {
  const place = placeOf(context, flags, flags.backupsession);
  const session = await openBackupSession(context, place);
  const report = openReport(context, reportKey(place.namespace, flags));
  const isGood = output.target.stats.every(({ phase }) => phase === "Succeeded");
  const result = isGood
    ? await attempt(context, "repository", () => maintain(context, { flags, place, session, report, output }))
    : undefined;
  const snapshots = result === undefined ? {} : { snapshots: reportedSnapshots(result.snapshots) };
  await report.tell({ ...snapshots, streams: output.streams });
  await session.setResult(output.target);
  await attempt(context, "metrics", () =>
    pushSessionMetrics(context, metricsFacts(flags, place), { output, kind: "BackupSession" }),
  );
}

interface Maintenance {
  readonly flags: BackupStatusFlags;
  readonly place: SessionPlace;
  readonly session: Awaited<ReturnType<typeof openBackupSession>>;
  readonly report: ReturnType<typeof openReport>;
  readonly output: Output;
}

async function maintain(context: TaskContext, maintenance: Maintenance): Promise<PostResult> {
  const { flags, place, session, report, output } = maintenance;
  const { namespace } = place;
  await using access = await openAccess(context, flags);
  const invoker = await required(context, resourceOf("BackupConfiguration"), { namespace, name: flags.invokerName });
  const request = { session, restic: access.restic, report, invoker, scope: scopeOf(flags, place, output) };
  const result = await runPostActions(context, request);
  await writeRepositoryStatus(context, access.key, { result, created: session.created });
  if (isWanted(session, actions.metrics, "RepositoryMetricsPushed")) {
    await pushRepositoryMetrics(context, metricsFacts(flags, place), session);
  }
  return result;
}

/** Which snapshots are the invoker's: those of this target and host that it made, and Stash's of the same path. */
function scopeOf(flags: BackupStatusFlags, { namespace, target }: SessionPlace, { target: { stats } }: Output): Scope {
  const stashPath = stats[0]?.snapshots?.[0]?.path;
  return {
    host: stats[0]?.hostname ?? "host-0",
    target: targetName(target),
    invoker: invokerName(flags.invokerKind, { namespace, name: flags.invokerName }),
    ...(stashPath === undefined ? {} : { stashPath }),
  };
}

async function afterRestore(
  context: TaskContext,
  { flags, name }: { readonly flags: StatusFlags; readonly name: string },
  output: Output,
): Promise<void> {
  const place = placeOf(context, flags, name);
  const session = await openRestoreSession(context, place);
  await openReport(context, reportKey(place.namespace, flags)).tell({ streams: output.streams });
  const stats = output.target.stats.map(({ snapshots: _snapshots, ...rest }) => rest);
  await session.setResult({ stats, conditions: output.target.conditions });
  await attempt(context, "metrics", () =>
    pushSessionMetrics(context, metricsFacts(flags, place), { output, kind: "RestoreSession" }),
  );
}

function placeOf(context: TaskContext, flags: StatusFlags, name: string): SessionPlace {
  const namespace = flags.namespace ?? context.namespace;
  const target = {
    kind: flags.targetKind,
    name: flags.targetName ?? "",
    namespace: flags.targetNamespace ?? namespace,
  };
  return { namespace, name, target };
}

function metricsFacts(flags: StatusFlags, { namespace, target }: SessionPlace): MetricsFacts {
  return {
    pushgatewayUrl: flags.metricsPushgatewayUrl,
    invoker: { kind: flags.invokerKind, namespace, name: flags.invokerName },
    repository: flags.repository,
    target: { name: target.name, namespace: target.namespace },
  };
}

function reportKey(namespace: string, { report }: StatusFlags) {
  return report === undefined ? undefined : { namespace, name: report };
}

/** The backup is made: what goes wrong afterwards must not keep its result out of the session. */
async function attempt<T>({ log, signal }: TaskContext, what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    log.error({ error, what }, "something was left undone after the session's work");
    return undefined;
  }
}

/** A ConfigMap holds a megabyte. */
const mostSnapshots = 2_000;

function reportedSnapshots(snapshots: readonly Snapshot[]): ReportedSnapshot[] {
  return snapshots.slice(-mostSnapshots).map(({ id, tree, time, host, paths, tags }) => ({
    ...{ id, tree, time: time.toISOString(), hostname: host },
    ...{ paths: [...paths], tags: [...tags] },
  }));
}
