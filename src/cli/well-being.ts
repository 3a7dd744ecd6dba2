import { statusOf } from "../api/condition.ts";
import type { Repository } from "../api/repository.ts";
import { mistakeInCron, nextRun, parseCron } from "../kit/cron.ts";
import type { FailureCode } from "../kit/failures.ts";
import { formatTime } from "../kit/quantities.ts";
import type { CronJob } from "../kube/core.ts";
import type { KubeObject } from "../kube/resource.ts";
import { nextRunOf } from "../operator/next-run.ts";
import { type Configuration, errorOf, type Session } from "./invoker.ts";

export interface Known {
  readonly configuration: Configuration;
  /** Newest first. */
  readonly sessions: readonly Session[];
  readonly repository: (Repository & KubeObject) | undefined;
  readonly cronJob: CronJob | undefined;
}

/** How the backups of one configuration stand. */
export interface WellBeing {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string | null;
  readonly paused: boolean;
  readonly schedule: string;
  readonly lastSession: {
    readonly name: string;
    readonly phase: string;
    readonly created: Date;
    readonly error: string | null;
  } | null;
  readonly lastSuccess: Date | null;
  readonly nextRun: Date | null;
  /** When a run should have begun and did not. */
  readonly overdueSince: Date | null;
  readonly repository: RepositoryState | null;
  /** What the newest session says of a trial restore; null when none was asked for. */
  readonly proof: "proven" | "not proven" | "differs" | null;
  readonly problems: readonly Problem[];
}

interface RepositoryState {
  readonly namespace: string;
  readonly name: string;
  readonly integrity: boolean | null;
  readonly totalSize: string | null;
  readonly snapshots: number | null;
}

export interface Problem {
  readonly code: FailureCode;
  /** A sentence without an end. */
  readonly what: string;
}

/** An operator looks at a new object within seconds. */
const patienceMs = 60_000;

export function wellBeingOf(known: Known, now: Date): WellBeing {
  const { configuration, sessions, repository, cronJob } = known;
  const { metadata, spec, status } = configuration;
  const newest = sessions.find((session) => session.status?.phase !== "Skipped") ?? sessions[0];
  const paused = spec.paused === true;
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    phase: status?.phase ?? null,
    paused,
    schedule: spec.schedule ?? "",
    lastSession: newest === undefined ? null : sessionState(newest),
    lastSuccess: lastSuccessOf(known),
    nextRun: paused ? null : (nextRunOf(configuration, cronJob, now) ?? null),
    overdueSince: overdueSince(known, now),
    repository: repository === undefined ? null : repositoryState(repository),
    proof: newest === undefined ? null : proofOf(newest),
    problems: problemsOf(known, newest, now),
  };
}

function sessionState(session: Session) {
  const { metadata, status } = session;
  const created = timeOf(metadata.creationTimestamp) ?? new Date(0);
  return { name: metadata.name ?? "", phase: status?.phase ?? "Pending", created, error: errorOf(session) ?? null };
}

function repositoryState({ metadata, status }: Repository & KubeObject): RepositoryState {
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    integrity: status?.integrity ?? null,
    totalSize: status?.totalSize ?? null,
    snapshots: status?.snapshotCount ?? null,
  };
}

/** Old sessions are cleared away, so the Repository may know better. */
function lastSuccessOf({ sessions, repository }: Known): Date | null {
  const own = sessions.find(({ status }) => status?.phase === "Succeeded");
  return timeOf(own?.metadata.creationTimestamp) ?? timeOf(repository?.status?.lastBackupTime);
}

function timeOf(text: string | null | undefined): Date | null {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? null : new Date(time);
}

const proofs = { True: "proven", False: "differs", Unknown: "not proven" } as const;

function proofOf({ status }: Session): WellBeing["proof"] {
  const found = (status?.targets ?? []).map(({ conditions }) => statusOf(conditions, "BackupProven"));
  const worst = (["False", "Unknown", "True"] as const).find((each) => found.includes(each));
  return worst === undefined ? null : proofs[worst];
}

/** So long after its time a run may begin: a trigger's pod has to start first. */
const graceMs = 60_000;

/** The time of the run that should have begun since the last one; null when there is none, or it is paused. */
export function overdueSince({ configuration, sessions, cronJob }: Known, now: Date): Date | null {
  const { metadata, spec } = configuration;
  const { schedule = "", paused = false } = spec;
  if (paused || schedule === "" || mistakeInCron(schedule) !== undefined) return null;
  // skipped ones too: their time came; the CronJob knows of those that somebody deleted
  const runs = [...sessions.map((each) => each.metadata.creationTimestamp), cronJob?.status?.lastSuccessfulTime];
  const times = runs.flatMap((text) => timeOf(text) ?? []).map((time) => time.getTime());
  const last = times.length > 0 ? new Date(Math.max(...times)) : timeOf(metadata.creationTimestamp);
  const due = last === null ? undefined : nextRun(parseCron(schedule), last);
  return due !== undefined && due.getTime() + graceMs < now.getTime() ? due : null;
}

function problemsOf(known: Known, newest: Session | undefined, now: Date): readonly Problem[] {
  const { configuration, repository } = known;
  const age = now.getTime() - (timeOf(configuration.metadata.creationTimestamp)?.getTime() ?? 0);
  const { phase, conditions } = configuration.status ?? {};
  const why = (conditions ?? []).find(({ status }) => status !== "True")?.message;
  const found: Problem[] = [];
  if (phase === undefined && age > patienceMs) {
    found.push({ code: "backup-failed", what: "nobody has looked at it; does the operator run?" });
  }
  if (phase === "Invalid" || phase === "NotReady") {
    found.push({ code: "backup-failed", what: `it is ${phase}${why === undefined ? "" : `: ${why}`}` });
  }
  if (newest?.status?.phase === "Failed") {
    const isDisproof = proofOf(newest) === "differs";
    const what = `session ${newest.metadata.name} failed: ${errorOf(newest) ?? "nobody says why"}`;
    found.push({ code: isDisproof ? "not-proven" : "backup-failed", what });
  }
  const due = overdueSince(known, now);
  if (due !== null) {
    const what = `no run began at ${formatTime(due)}, when one was due; do the operator and its CronJobs work?`;
    found.push({ code: "backup-failed", what });
  }
  if (repository?.status?.integrity === false) {
    found.push({ code: "damaged", what: `Repository ${repository.metadata.name} is damaged: the check found errors` });
  }
  return found;
}
