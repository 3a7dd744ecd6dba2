import { formatTime } from "../../kit/quantities.ts";
import type { JobCondition, JobStatus, MachineJob } from "./job.ts";
import type { Tally } from "./tally.ts";

/** How a Job is to end: first it is told (SuccessCriteriaMet, FailureTarget), and when nothing runs any more, it has (Complete, Failed). */

export interface Condition {
  readonly type: "SuccessCriteriaMet" | "FailureTarget" | "Complete" | "Failed" | "Suspended";
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

const success: Condition = {
  ...{ type: "SuccessCriteriaMet", status: "True", reason: "CompletionsReached" },
  message: "Reached expected number of succeeded pods",
};

/** undefined: it goes on. What was told once stays. */
export function goalOf(job: MachineJob, tally: Tally, now: Date): Condition | undefined {
  return toldGoal(job.status) ?? (hasReached(job, tally) ? success : failureOf(job, tally, now));
}

function toldGoal(status: JobStatus | undefined): Condition | undefined {
  for (const { type, status: is, reason = "", message = "" } of status?.conditions ?? []) {
    if (is === "True" && (type === "SuccessCriteriaMet" || type === "FailureTarget"))
      return { type, status: "True", reason, message };
  }
  return undefined;
}

/** What was reached counts even where the deadline has passed before anybody looked. */
function hasReached({ spec }: MachineJob, { active, terminating, succeeded }: Tally): boolean {
  if (active.length + terminating > 0) return false;
  return spec.completions == null ? succeeded > 0 : succeeded >= spec.completions;
}

function failureOf(job: MachineJob, tally: Tally, now: Date): Condition | undefined {
  const unknown = unknownOf(job);
  if (unknown !== undefined) return failure("Unsupported", `${unknown} has no meaning on this machine`);
  if (isPastLimit(job, tally)) return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  if (isPastDeadline(job, now)) return failure("DeadlineExceeded", "Job was active longer than specified deadline");
  return undefined;
}

function failure(reason: string, message: string): Condition {
  return { type: "FailureTarget", status: "True", reason, message };
}

/** Fields that would have to be obeyed, and that no Job of ours has. */
function unknownOf({ spec }: MachineJob): string | undefined {
  if (spec.completionMode === "Indexed") return "spec.completionMode Indexed";
  const fields = ["podFailurePolicy", "successPolicy", "backoffLimitPerIndex"] as const;
  const found = fields.find((field) => spec[field] != null);
  return found === undefined ? undefined : `spec.${found}`;
}

function isPastLimit({ spec }: MachineJob, { failed, restarts }: Tally): boolean {
  const limit = spec.backoffLimit ?? 6;
  if (failed > limit) return true;
  if (spec.template.spec.restartPolicy !== "OnFailure") return false;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

function isPastDeadline({ spec, status }: MachineJob, now: Date): boolean {
  if (spec.activeDeadlineSeconds == null || status?.startTime == null || spec.suspend === true) return false;
  return now.getTime() >= Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000;
}

/** The last word that follows from what was told. */
export function reportedEnd({ type, reason, message }: Condition): Condition {
  return { type: type === "SuccessCriteriaMet" ? "Complete" : "Failed", status: "True", reason, message };
}

/** With its time, which changes only with its status. */
export function withCondition(
  before: readonly JobCondition[] | null | undefined,
  condition: Condition,
  now: Date,
): JobCondition[] {
  const all = before ?? [];
  const same = all.find(({ type, status }) => type === condition.type && status === condition.status);
  if (same !== undefined) return [...all];
  const time = formatTime(now);
  const made = { ...condition, lastProbeTime: time, lastTransitionTime: time };
  return [...all.filter(({ type }) => type !== condition.type), made];
}
