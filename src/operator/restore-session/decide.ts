import type { ConditionNews } from "../../api/condition.ts";
import { statusOf } from "../../api/condition.ts";
import type { RestoreSession, RestoreSessionStatus } from "../../api/restore-session.ts";
import type { ExecutorState } from "../session/executor-state.ts";
import type { Trouble } from "../session/pod-state.ts";
import { createdAt, deadlineOf, defaultTimeOut } from "../session/times.ts";
import type { Checked } from "./check.ts";
import { isFinal, targetState } from "./phase.ts";

/** What to do next for a RestoreSession. Pure; reconcile.ts carries it out. */

export interface RestoreSessionView {
  readonly session: RestoreSession;
  /** undefined: it has begun or ended, and nothing is looked for any more. */
  readonly checked: Checked | undefined;
  /** Name of another restore to the same target that is at work. */
  readonly rival: string | undefined;
  /** What became of the Job; undefined: none is known to have been made. */
  readonly executor: ExecutorState | undefined;
  readonly now: Date;
}

export type Step =
  | { readonly do: "nothing" }
  /** It is being deleted: give back what no owner holds. */
  | { readonly do: "release" }
  | { readonly do: "wait"; readonly recheckMs?: number }
  /** It may not run: something is missing or wrong, as the findings say, or another restore is at work. */
  | { readonly do: "hold"; readonly findings: readonly ConditionNews[]; readonly rival?: string }
  | { readonly do: "start"; readonly findings: readonly ConditionNews[] }
  | { readonly do: "fail"; readonly trouble: Trouble }
  | { readonly do: "expire"; readonly message: string }
  | { readonly do: "finish" };

export function decide(view: RestoreSessionView): Step {
  const { session } = view;
  const { metadata, status = {} } = session;
  if (metadata.deletionTimestamp != null) return { do: "release" };
  if (isFinal(status.phase)) return { do: "nothing" };
  if (isSettled(status)) return isOver(view) ? endStep(view) : waitStep(view);
  const late = deadlineStep(view);
  if (late !== undefined) return late;
  if (isEnsured(status)) return executorStep(view);
  return hasBegun(status) ? { do: "start", findings: [] } : firstStep(view);
}

function isSettled(status: RestoreSessionStatus): boolean {
  if (statusOf(status.conditions, "DeadlineExceeded") === "True") return true;
  const state = targetState(status);
  return state !== "Pending" && state !== "Running";
}

function isOver({ session: { status = {} }, executor }: RestoreSessionView): boolean {
  return executor?.state !== "running" || statusOf(status.conditions, "DeadlineExceeded") === "True";
}

/** Where the Job should have run the hook behind it and is over without a word of it, the hook failed. */
function endStep({ session: { spec, status = {} }, executor }: RestoreSessionView): Step {
  const said = (type: Parameters<typeof statusOf>[1]) => statusOf(status.conditions, type);
  const isDue =
    spec.hooks?.postRestore !== undefined &&
    executor !== undefined &&
    said("DeadlineExceeded") === undefined &&
    said("PreRestoreHookExecutionSucceeded") !== "False" &&
    said("PostRestoreHookExecutionSucceeded") === undefined &&
    isReported(status);
  if (!isDue) return { do: "finish" };
  const ended: Trouble = { reason: "Crashed", message: "the Job ended without running the postRestore hook" };
  return { do: "fail", trouble: executor.state === "failed" ? executor.trouble : ended };
}

/** What is wrong in the object waits for whoever wrote it; the deadline is for what it waits for and what it does. */
function deadlineStep({ session, now }: RestoreSessionView): Step | undefined {
  const deadline = deadlineIn(session);
  if (now < deadline || session.status?.phase === "Invalid") return undefined;
  const rule = `${session.spec.timeOut ?? defaultTimeOut} (spec.timeOut)`;
  return { do: "expire", message: `The restore was not done within ${rule}.` };
}

export function deadlineIn({ metadata, spec, status }: RestoreSession): Date {
  if (status?.sessionDeadline !== undefined) return new Date(status.sessionDeadline);
  return deadlineOf(createdAt(metadata, new Date(0)), spec.timeOut);
}

function executorStep(view: RestoreSessionView): Step {
  const { executor } = view;
  switch (executor?.state) {
    case undefined:
    case "running":
      return waitStep(view);
    case "failed":
      return executor.trouble.reason === "DeadlineExceeded"
        ? { do: "expire", message: "The restore was not done before its deadline." }
        : { do: "fail", trouble: executor.trouble };
    case "succeeded":
      return { do: "fail", trouble: { reason: "NoReport", message: "the Job ended without saying what it did" } };
    default:
      throw new Error(`unknown state ${executor satisfies never}`);
  }
}

function waitStep({ session, executor, now }: RestoreSessionView): Step {
  const deadline = deadlineIn(session);
  const times = [
    ...(deadline === undefined ? [] : [Math.max(0, deadline.getTime() - now.getTime())]),
    ...(executor?.state === "running" && executor.recheckMs !== undefined ? [executor.recheckMs] : []),
  ];
  return times.length === 0 ? { do: "wait" } : { do: "wait", recheckMs: Math.min(...times) };
}

function firstStep({ checked, rival }: RestoreSessionView): Step {
  const { findings = [], isFit = false } = checked ?? {};
  if (!isFit) return { do: "hold", findings };
  // Two that replace the same streams at once would undo each other.
  return rival === undefined ? { do: "start", findings } : { do: "hold", findings, rival };
}

export function hasBegun({ totalHosts }: RestoreSessionStatus): boolean {
  return totalHosts !== undefined;
}

export function isReported({ stats = [], totalHosts }: RestoreSessionStatus): boolean {
  const done = stats.filter(({ phase }) => phase !== undefined && phase !== "Running");
  return totalHosts !== undefined && done.length >= totalHosts;
}

function isEnsured({ conditions }: RestoreSessionStatus): boolean {
  return statusOf(conditions, "RestoreExecutorEnsured") === "True";
}
