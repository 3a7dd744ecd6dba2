import { statusOf } from "../../api/condition.ts";
import type { ConditionType } from "../../api/condition-types.ts";
import type { RestorePhase, RestoreSessionStatus } from "../../api/restore-session.ts";
import { sessionDuration } from "../session/times.ts";

/** Stash's phases, cured: metrics that could not be pushed fail nothing, and what is invalid says so before it waits. All pure. */

/** A restore runs once. Invalid is not final: the object or the Repository's usagePolicy can be corrected. */
export function isFinal(phase: RestorePhase | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed" || phase === "Unknown";
}

type TargetState = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

export function targetState({ conditions, totalHosts, stats }: RestoreSessionStatus): TargetState {
  const bad = [
    "RestoreExecutorEnsured",
    "PreRestoreHookExecutionSucceeded",
    "PostRestoreHookExecutionSucceeded",
  ] as const satisfies readonly ConditionType[];
  if (bad.some((type) => statusOf(conditions, type) === "False")) return "Failed";
  if (totalHosts === undefined) return "Pending";
  const phases = (stats ?? []).map(({ phase }) => phase).filter((phase) => phase !== undefined && phase !== "Running");
  if (phases.length < totalHosts) return "Running";
  if (phases.includes("Unknown")) return "Unknown";
  return phases.includes("Failed") ? "Failed" : "Succeeded";
}

/** The first that holds. */
export function restorePhase(status: RestoreSessionStatus): RestorePhase {
  const is = (type: ConditionType, value: string) => statusOf(status.conditions, type) === value;
  const isOver = statusOf(status.conditions, "MetricsPushed") !== undefined;
  const target = targetState(status);
  if (isOver && is("DeadlineExceeded", "True")) return "Failed";
  if (target === "Pending") return is("ValidationPassed", "False") ? "Invalid" : "Pending";
  return isOver ? target : "Running";
}

/** The status with the phase that follows from the rest. Once final, phase and duration stay as they are. */
export function withPhase(
  status: RestoreSessionStatus,
  { created, now }: { readonly created: Date; readonly now: Date },
): RestoreSessionStatus {
  if (isFinal(status.phase)) return status;
  const phase = restorePhase(status);
  return isFinal(phase) ? { ...status, phase, sessionDuration: sessionDuration(created, now) } : { ...status, phase };
}
