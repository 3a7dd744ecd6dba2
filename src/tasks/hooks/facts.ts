import type { BackupSession, BackupTargetStatus } from "../../api/backup-session.ts";
import { type Condition, statusOf } from "../../api/condition.ts";
import type { ConditionType } from "../../api/condition-types.ts";
import { formatGoDuration } from "../../api/duration.ts";
import { apiVersionOf, groups } from "../../api/kinds.ts";
import type { RestoreSession } from "../../api/restore-session.ts";
import { type FullRef, targetIn } from "../session-status.ts";
import type { Value } from "./template-functions.ts";

/** What a run has come to, as far as hooks go by it. */
export interface RunFacts {
  /** Before the task it is Running. */
  readonly phase: "Running" | "Succeeded" | "Failed";
  /** Why it failed; empty if it did not. */
  readonly error: string;
  readonly durationMs: number;
  readonly retryLeft: number;
}

export interface FactsRequest {
  readonly phase: "pre" | "post";
  readonly target: FullRef;
  readonly now: Date;
}

interface Result {
  readonly phase?: string | undefined;
  readonly error?: string | undefined;
}

/** What a backup or restore has come to before its hook runs. */
export function runFacts(session: BackupSession | RestoreSession, request: FactsRequest): RunFacts {
  const { created, stats, conditions, retryLeft } = partsOf(session, request);
  const durationMs = Math.max(0, Math.round((request.now.getTime() - created) / 1000) * 1000);
  const rest = { durationMs, retryLeft };
  if (request.phase === "pre") return { phase: "Running", error: "", ...rest };
  const errors = [...errorsOf(stats), ...conditionErrors(conditions)];
  return { phase: errors.length === 0 ? "Succeeded" : "Failed", error: [...new Set(errors)].join("; "), ...rest };
}

function partsOf(session: BackupSession | RestoreSession, { target, now }: FactsRequest) {
  const created = Date.parse(session.metadata.creationTimestamp ?? "") || now.getTime();
  if (session.kind === "RestoreSession") {
    const { stats = [], conditions = [] } = session.status ?? {};
    return { created, stats, conditions, retryLeft: 0 };
  }
  const own: BackupTargetStatus = targetIn(session.status, target, session.metadata.namespace ?? "") ?? {};
  const conditions = [...(session.status?.conditions ?? []), ...(own.conditions ?? [])];
  return { created, stats: own.stats ?? [], conditions, retryLeft: session.spec.retryLeft ?? 0 };
}

function errorsOf(stats: readonly Result[]): readonly string[] {
  if (stats.length === 0) return ["the step before left no result"];
  return stats.flatMap(({ phase, error }) =>
    phase === "Succeeded" ? [] : [error === undefined || error === "" ? "no reason was given" : error],
  );
}

/** False, and yet no failure: metrics never fail a run, and what became of the streams and a proof stands in the result. */
const harmless: ReadonlySet<string> = new Set<ConditionType>([
  "MetricsPushed",
  "RepositoryMetricsPushed",
  "StreamsBackedUp",
  "StreamsRestored",
  "BackupProven",
]);

function conditionErrors(conditions: readonly Condition[]): readonly string[] {
  const bad = conditions.filter(({ type, status }) => status === "False" && !harmless.has(type));
  const late = conditions.filter(({ type }) => type === "DeadlineExceeded");
  const isLate = statusOf(late, "DeadlineExceeded") === "True";
  return [...bad, ...(isLate ? late : [])].map(({ type, reason, message }) => message || reason || type);
}

export interface Origin {
  readonly session: { readonly name: string; readonly namespace: string };
  readonly invoker: { readonly kind: string; readonly name: string };
  readonly target: FullRef;
}

/** What templates may name: Stash's fields, and those that its guides name by mistake. */
export function templateFacts({ session, invoker, target }: Origin, run: RunFacts): Value {
  const { kind, name } = invoker;
  const invokerVersion =
    kind === "RestoreSession" ? apiVersionOf("RestoreSession") : apiVersionOf("BackupConfiguration");
  return {
    Name: session.name,
    Namespace: session.namespace,
    Invoker: { APIGroup: groups.stash, ApiVersion: invokerVersion, APIVersion: invokerVersion, Kind: kind, Name: name },
    Target: {
      APIVersion: target.apiVersion,
      ApiVersion: target.apiVersion,
      Kind: target.kind,
      Name: target.name,
      Namespace: target.namespace,
    },
    Status: { Phase: run.phase, Duration: formatGoDuration(run.durationMs), Error: run.error },
    RetryLeft: run.retryLeft,
  };
}
