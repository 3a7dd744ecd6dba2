import type {
  BackupSessionPhase,
  BackupSessionStatus,
  BackupTargetStatus,
  TargetPhase,
} from "../../api/backup-session.ts";
import { statusOf } from "../../api/condition.ts";
import type { ConditionType } from "../../api/condition-types.ts";
import { sessionDuration } from "../session/times.ts";

/**
 * Stash's phases, cured: metrics that could not be pushed fail nothing (MetricsPushed is set last, to True or False, and
 * only says that all else is done), and a final phase stays. All pure.
 */

export function isFinal(phase: BackupSessionPhase | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed" || phase === "Skipped" || phase === "Unknown";
}

export function targetPhase({ conditions, totalHosts, stats }: BackupTargetStatus): TargetPhase {
  const bad: readonly (readonly [ConditionType, string])[] = [
    ["BackupExecutorEnsured", "False"],
    ["PreBackupHookExecutionSucceeded", "False"],
    ["BackupDisrupted", "True"],
    ["PostBackupHookExecutionSucceeded", "False"],
  ];
  if (bad.some(([type, status]) => statusOf(conditions, type) === status)) return "Failed";
  if (totalHosts === undefined) return "Pending";
  const results = (stats ?? []).filter(({ phase }) => phase !== undefined);
  if (results.length < totalHosts) return "Running";
  return results.some(({ phase }) => phase === "Failed") ? "Failed" : "Succeeded";
}

/** The first that holds. */
export function sessionPhase({ conditions, targets = [] }: BackupSessionStatus): BackupSessionPhase {
  const is = (type: ConditionType, status: string) => statusOf(conditions, type) === status;
  const phases = targets.map(targetPhase);
  if (is("BackupSkipped", "True")) return "Skipped";
  const isOver = statusOf(conditions, "MetricsPushed") !== undefined;
  const isBroken =
    is("DeadlineExceeded", "True") ||
    is("BackupHistoryCleaned", "False") ||
    is("GlobalPreBackupHookSucceeded", "False") ||
    is("GlobalPostBackupHookSucceeded", "False");
  if (isOver && isBroken) return "Failed";
  if (phases.every((phase) => phase === "Pending")) return "Pending";
  if (!isOver || phases.some((phase) => phase === "Pending" || phase === "Running")) return "Running";
  const isSpoilt = is("RetentionPolicyApplied", "False") || is("RepositoryIntegrityVerified", "False");
  return isSpoilt || phases.includes("Failed") ? "Failed" : "Succeeded";
}

/** The status with its phases as they follow from the rest. Once final, phase and duration stay as they are. */
export function withPhase(
  status: BackupSessionStatus,
  { created, now }: { readonly created: Date; readonly now: Date },
): BackupSessionStatus {
  const targets = status.targets?.map((target) => ({ ...target, phase: targetPhase(target) }));
  const known = targets === undefined ? status : { ...status, targets };
  if (isFinal(status.phase)) return known;
  const phase = sessionPhase(known);
  return isFinal(phase) ? { ...known, phase, sessionDuration: sessionDuration(created, now) } : { ...known, phase };
}
