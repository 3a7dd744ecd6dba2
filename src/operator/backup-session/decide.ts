import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { BackupSession, BackupSessionStatus } from "../../api/backup-session.ts";
import { statusOf } from "../../api/condition.ts";
import type { ExecutorState } from "../session/executor-state.ts";
import type { Trouble } from "../session/pod-state.ts";
import { createdAt, deadlineOf, defaultTimeOut } from "../session/times.ts";
import { isFinal, targetPhase } from "./phase.ts";

/** What to do next for a BackupSession. Pure; reconcile.ts carries it out. */

export interface BackupSessionView {
  readonly session: BackupSession;
  readonly invoker: InvokerView;
  /** Unfinished sessions of the same invoker, or with the same target. */
  readonly rivals: readonly Rival[];
  /** What became of the Job; undefined: none is known to have been made. */
  readonly executor: ExecutorState | undefined;
  readonly now: Date;
}

export type InvokerView =
  | { readonly state: "found"; readonly configuration: BackupConfiguration }
  /** It does not exist, or is being deleted. */
  | { readonly state: "gone"; readonly name: string }
  | { readonly state: "unsupported"; readonly kind: string };

export interface Rival {
  readonly namespace: string;
  readonly name: string;
  readonly created: Date;
  readonly isSameInvoker: boolean;
  /** Its Job exists, or is being made. */
  readonly isBegun: boolean;
}

export type Step =
  | { readonly do: "nothing" }
  /** Its Job is at work. */
  | { readonly do: "wait"; readonly recheckMs?: number }
  /** It may not begin yet. */
  | { readonly do: "hold"; readonly message: string; readonly recheckMs: number }
  | { readonly do: "skip"; readonly message: string }
  /** It fails without a Job. */
  | { readonly do: "refuse"; readonly message: string }
  | { readonly do: "start" }
  /** Its Job did not do its work, or cannot any more. */
  | { readonly do: "fail"; readonly trouble: Trouble }
  | { readonly do: "expire"; readonly message: string }
  /** All is known: history, metrics, final phase. */
  | { readonly do: "finish" }
  | { readonly do: "retry" };

/** How often is looked without news; a missed event costs no more than this. */
const recheckMs = 5000;
/** How long a session waits for its invoker to be looked at the first time. */
const firstLookMs = 30_000;

export function decide(view: BackupSessionView): Step {
  const { session, now } = view;
  const { metadata, status = {} } = session;
  if (metadata.deletionTimestamp != null) return { do: "nothing" };
  if (isFinal(status.phase)) return retryStep(view);
  if (isSettled(view)) return isOver(view) ? endStep(view) : waitStep(view);
  const late = deadlineStep(view);
  if (late !== undefined) return late;
  if (isEnsured(status)) return executorStep(view);
  return hasBegun(status) ? resumeStep(view) : firstStep(view, now);
}

/** Whether the result is known, whatever comes: nothing that a Job writes later counts. */
function isSettled({ session: { status = {} } }: BackupSessionView): boolean {
  if (statusOf(status.conditions, "DeadlineExceeded") === "True") return true;
  const phases = (status.targets ?? []).map(targetPhase);
  return phases.length > 0 && phases.every((phase) => phase === "Succeeded" || phase === "Failed");
}

function isOver({ session: { status = {} }, invoker, executor }: BackupSessionView): boolean {
  return (
    executor?.state !== "running" ||
    invoker.state === "gone" ||
    statusOf(status.conditions, "DeadlineExceeded") === "True"
  );
}

/** Where the Job should have run the hook behind it and is over without a word of it, the hook failed. */
function endStep(view: BackupSessionView): Step {
  const { session, invoker, executor } = view;
  const hook = invoker.state === "found" ? invoker.configuration.spec.hooks?.postBackup : undefined;
  const [target] = session.status?.targets ?? [];
  const said = (type: Parameters<typeof statusOf>[1]) => statusOf(target?.conditions, type);
  const isDue =
    hook !== undefined &&
    executor !== undefined &&
    target !== undefined &&
    target.stats?.length === target.totalHosts &&
    statusOf(session.status?.conditions, "DeadlineExceeded") === undefined &&
    said("PreBackupHookExecutionSucceeded") !== "False" &&
    said("PostBackupHookExecutionSucceeded") === undefined;
  if (!isDue) return { do: "finish" };
  const ended: Trouble = { reason: "Crashed", message: "the Job ended without running the postBackup hook" };
  return { do: "fail", trouble: executor.state === "failed" ? executor.trouble : ended };
}

function deadlineStep({ session, invoker, now }: BackupSessionView): Step | undefined {
  const deadline = deadlineIn(session, invoker);
  if (deadline === undefined || now < deadline) return undefined;
  const limit = invoker.state === "found" ? invoker.configuration.spec.timeOut : undefined;
  const rule = `${limit ?? defaultTimeOut} (spec.timeOut of its BackupConfiguration)`;
  return { do: "expire", message: `The session was not done within ${rule}.` };
}

/** Written once; until then it follows from the invoker. */
export function deadlineIn({ metadata, status }: BackupSession, invoker: InvokerView): Date | undefined {
  if (status?.sessionDeadline !== undefined) return new Date(status.sessionDeadline);
  if (invoker.state !== "found") return undefined;
  return deadlineOf(createdAt(metadata, new Date(0)), invoker.configuration.spec.timeOut);
}

function executorStep(view: BackupSessionView): Step {
  const { executor, invoker } = view;
  const gone = goneTrouble(invoker);
  switch (executor?.state) {
    case undefined:
    case "running":
      return gone === undefined ? waitStep(view) : { do: "fail", trouble: gone };
    case "failed":
      return executor.trouble.reason === "DeadlineExceeded"
        ? { do: "expire", message: "The session was not done before its deadline." }
        : { do: "fail", trouble: executor.trouble };
    case "succeeded":
      return { do: "fail", trouble: { reason: "NoReport", message: "the Job ended without saying what it did" } };
    default:
      throw new Error(`unknown state ${executor satisfies never}`);
  }
}

function goneTrouble(invoker: InvokerView): Trouble | undefined {
  return invoker.state === "gone"
    ? { reason: "InvokerGone", message: `BackupConfiguration ${invoker.name} was deleted meanwhile` }
    : undefined;
}

function waitStep({ session, invoker, executor, now }: BackupSessionView): Step {
  const deadline = deadlineIn(session, invoker);
  const times = [
    ...(deadline === undefined ? [] : [Math.max(0, deadline.getTime() - now.getTime())]),
    ...(executor?.state === "running" && executor.recheckMs !== undefined ? [executor.recheckMs] : []),
  ];
  return times.length === 0 ? { do: "wait" } : { do: "wait", recheckMs: Math.min(...times) };
}

/** It began, and somebody died before its Job was made for certain. */
function resumeStep({ invoker }: BackupSessionView): Step {
  return refusalOf(invoker) ?? { do: "start" };
}

function firstStep({ session, invoker, rivals }: BackupSessionView, now: Date): Step {
  if (invoker.state !== "found") return refusalOf(invoker) ?? { do: "start" };
  const { phase } = invoker.configuration.status ?? {};
  const ageMs = now.getTime() - createdAt(session.metadata, now).getTime();
  if (phase === undefined && ageMs < firstLookMs)
    return { do: "hold", message: "The BackupConfiguration has not been looked at yet.", recheckMs: 1000 };
  if (phase !== "Ready") return { do: "skip", message: notReady(invoker.configuration) };
  const running = rivals.find(({ isSameInvoker, isBegun }) => isSameInvoker && isBegun);
  if (running !== undefined)
    return { do: "skip", message: `BackupSession ${running.name} of the same BackupConfiguration is still running.` };
  const ahead = rivals.find((rival) => rival.isBegun || isEarlier(rival, session, now));
  if (ahead === undefined) return { do: "start" };
  const message = `BackupSession ${ahead.namespace}/${ahead.name}, which has the same target, comes first.`;
  return { do: "hold", message, recheckMs };
}

function refusalOf(invoker: InvokerView): Step | undefined {
  switch (invoker.state) {
    case "found":
      return undefined;
    case "gone":
      return { do: "refuse", message: `BackupConfiguration ${invoker.name} does not exist.` };
    case "unsupported":
      return { do: "refuse", message: `A session of a ${invoker.kind} cannot be run: only of a BackupConfiguration.` };
    default:
      throw new Error(`unknown view ${invoker satisfies never}`);
  }
}

function notReady({ metadata, status }: BackupConfiguration): string {
  const bad = status?.conditions?.find((each) => each.status !== "True");
  const why = bad?.message === undefined ? "" : ` ${bad.message}`;
  return `BackupConfiguration ${metadata.name} is ${status?.phase ?? "not ready"}.${why}`;
}

/** One order for all who wait for a target, so that nobody waits for somebody who waits for him. */
function isEarlier(rival: Rival, { metadata }: BackupSession, now: Date): boolean {
  const [theirs, ours] = [rival.created.getTime(), createdAt(metadata, now).getTime()];
  if (theirs !== ours) return theirs < ours;
  const text = (name: string | undefined, namespace: string | undefined) => `${name}/${namespace}`;
  return text(rival.name, rival.namespace) < text(metadata.name, metadata.namespace);
}

export function hasBegun({ targets = [] }: BackupSessionStatus): boolean {
  return targets.some(({ totalHosts }) => totalHosts !== undefined);
}

function isEnsured({ targets = [] }: BackupSessionStatus): boolean {
  return targets.some(({ conditions }) => statusOf(conditions, "BackupExecutorEnsured") === "True");
}

function retryStep({ session: { spec, status = {} }, invoker, now }: BackupSessionView): Step {
  const { phase, nextRetry, retried } = status;
  const isWanted = phase === "Failed" && retried !== true && nextRetry !== undefined && (spec.retryLeft ?? 0) > 0;
  if (!isWanted || invoker.state !== "found") return { do: "nothing" };
  const leftMs = Date.parse(nextRetry) - now.getTime();
  return leftMs > 0 ? { do: "wait", recheckMs: leftMs } : { do: "retry" };
}
