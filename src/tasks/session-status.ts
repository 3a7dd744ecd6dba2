import type { BackupSessionStatus, BackupTargetStatus } from "../api/backup-session.ts";
import { type Condition, type ConditionNews, withCondition } from "../api/condition.ts";
import type { RestoreSessionStatus } from "../api/restore-session.ts";

/**
 * Changes to a session's status, each of them only to what the Job's programs write: conditions and stats, never a phase
 * (the operator computes phases). All are pure, and asked again when somebody else has written meanwhile.
 */

export interface FullRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

export function withSessionCondition<S extends { readonly conditions?: Condition[] | undefined }>(
  status: S | undefined,
  news: ConditionNews,
  now: Date,
): S & { conditions: Condition[] } {
  return { ...(status ?? ({} as S)), conditions: [...withCondition(status?.conditions, news, now)] };
}

/** The target's entry; a reference without a namespace means the session's. */
export function targetIn(
  status: BackupSessionStatus | undefined,
  ref: FullRef,
  sessionNamespace: string,
): BackupTargetStatus | undefined {
  return status?.targets?.find((target) => isSame(target, ref, sessionNamespace));
}

/** The status with the target's entry changed; one that is not there yet is added. */
export function withTarget(
  status: BackupSessionStatus | undefined,
  { ref, sessionNamespace }: { readonly ref: FullRef; readonly sessionNamespace: string },
  change: (target: BackupTargetStatus) => BackupTargetStatus,
): BackupSessionStatus {
  const targets = status?.targets ?? [];
  const isThere = targets.some((target) => isSame(target, ref, sessionNamespace));
  const all = isThere ? targets : [...targets, { ref: { ...ref } }];
  return { ...status, targets: all.map((each) => (isSame(each, ref, sessionNamespace) ? change(each) : each)) };
}

function isSame({ ref }: BackupTargetStatus, wanted: FullRef, sessionNamespace: string): boolean {
  return (
    ref?.kind === wanted.kind && ref.name === wanted.name && (ref.namespace || sessionNamespace) === wanted.namespace
  );
}

/** What a step of the Job found out about its target. */
export interface TargetResult<Stats> {
  readonly stats: readonly Stats[];
  readonly conditions: readonly ConditionNews[];
}

export function withBackupResult(
  status: BackupSessionStatus | undefined,
  where: { readonly ref: FullRef; readonly sessionNamespace: string },
  {
    result,
    now,
  }: { readonly result: TargetResult<NonNullable<BackupTargetStatus["stats"]>[number]>; readonly now: Date },
): BackupSessionStatus {
  return withTarget(status, where, (target) => ({
    ...target,
    ...(result.stats.length === 0 ? {} : { stats: merged(target.stats, result.stats) }),
    conditions: result.conditions.reduce<Condition[]>(
      (conditions, news) => [...withCondition(conditions, news, now)],
      target.conditions ?? [],
    ),
  }));
}

export function withRestoreResult(
  status: RestoreSessionStatus | undefined,
  {
    result,
    now,
  }: { readonly result: TargetResult<NonNullable<RestoreSessionStatus["stats"]>[number]>; readonly now: Date },
): RestoreSessionStatus {
  const withStats = result.stats.length === 0 ? status : { ...status, stats: merged(status?.stats, result.stats) };
  return result.conditions.reduce<RestoreSessionStatus>(
    (before, news) => withSessionCondition(before, news, now),
    withStats ?? {},
  );
}

/** One entry a host; the newer counts. */
function merged<Stats extends { readonly hostname?: string | undefined }>(
  before: readonly Stats[] | undefined,
  news: readonly Stats[],
): Stats[] {
  const told = new Set(news.map(({ hostname }) => hostname));
  return [...(before ?? []).filter(({ hostname }) => !told.has(hostname)), ...news];
}
