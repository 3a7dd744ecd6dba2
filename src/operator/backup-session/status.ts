import type { BackupSessionStatus, BackupTargetStatus, HostBackupStats } from "../../api/backup-session.ts";
import { type ConditionNews, statusOf, withCondition } from "../../api/condition.ts";
import { actions } from "../../api/labels.ts";
import type { TargetRef } from "../../api/references.ts";
import { formatTime } from "../../kit/quantities.ts";
import { newsOf } from "../session/news.ts";
import type { Trouble } from "../session/pod-state.ts";
import { type Moment, sessionDuration } from "../session/times.ts";
import { isFinal, withPhase } from "./phase.ts";

/**
 * What each step writes into the status of a session. Others write there at the same time (the Job its conditions and
 * stats), so every one is a change to what is there now, and none is made twice. All pure.
 */

export interface Beginning {
  readonly ref: TargetRef;
  readonly deadline: Date | undefined;
}

/** undefined: it is already said, or too late to say. */
type Change = BackupSessionStatus | undefined;

export function held(status: BackupSessionStatus, deadline: Date | undefined, moment: Moment): Change {
  if (status.phase !== undefined) return undefined;
  return withPhase({ ...status, ...deadlineText(status, deadline) }, moment);
}

/** Before the Job is made: it looks here for what to do. */
export function begun(status: BackupSessionStatus, { ref, deadline }: Beginning, moment: Moment): Change {
  if (isFinal(status.phase) || isDecided(status)) return undefined;
  if (status.targets?.[0]?.totalHosts !== undefined) return undefined;
  const target: BackupTargetStatus = {
    ref,
    totalHosts: 1,
    preBackupActions: [actions.initialize],
    postBackupActions: [actions.retention, actions.integrity, actions.metrics],
  };
  return withPhase({ ...status, ...deadlineText(status, deadline), targets: [target] }, moment);
}

/** Whether somebody has made the Job, or said that there will be none. */
export function isDecided({ targets, conditions }: BackupSessionStatus): boolean {
  return (
    statusOf(targets?.[0]?.conditions, "BackupExecutorEnsured") !== undefined ||
    statusOf(conditions, "DeadlineExceeded") !== undefined
  );
}

export function ensured(status: BackupSessionStatus, jobName: string, moment: Moment): Change {
  if (isFinal(status.phase) || isDecided(status)) return undefined;
  const news = newsOf("BackupExecutorEnsured", "True", `Job ${jobName} was created.`);
  return withPhase(
    withTarget(status, (target) => withNews(target, news, moment)),
    moment,
  );
}

export function refused(
  status: BackupSessionStatus,
  { message, ...beginning }: Beginning & { readonly message: string },
  moment: Moment,
): Change {
  if (isFinal(status.phase) || isDecided(status)) return undefined;
  const news = newsOf("BackupExecutorEnsured", "False", message);
  const known = { ...status, ...deadlineText(status, beginning.deadline) };
  const targets = status.targets?.length ? status.targets : [{ ref: beginning.ref }];
  return withPhase(
    withTarget({ ...known, targets }, (target) => withNews(target, news, moment)),
    moment,
  );
}

export function skipped(status: BackupSessionStatus, message: string, moment: Moment): Change {
  if (status.phase !== undefined && status.phase !== "Pending") return undefined;
  return withPhase(withNews(status, newsOf("BackupSkipped", "True", message), moment), moment);
}

export interface Failing {
  readonly host: string;
  readonly trouble: Trouble;
  /** The whole sentence, with the end of the log. */
  readonly error: string;
  readonly hasPostHook: boolean;
}

/** Says of every host without a result that it failed, and why; if all have one, the hook behind the backup did. */
export function failed(status: BackupSessionStatus, failing: Failing, moment: Moment): Change {
  if (isFinal(status.phase)) return undefined;
  const [target] = status.targets ?? [];
  if (target === undefined) return undefined;
  const change = isReported(target) ? hookFailed(target, failing, moment) : hostsFailed(target, failing, moment);
  return change === undefined
    ? undefined
    : withPhase(
        withTarget(status, () => change),
        moment,
      );
}

function hookFailed(target: BackupTargetStatus, failing: Failing, moment: Moment): BackupTargetStatus | undefined {
  const isSaid = statusOf(target.conditions, "PostBackupHookExecutionSucceeded") !== undefined;
  if (!failing.hasPostHook || isSaid) return undefined;
  return withNews(target, newsOf("PostBackupHookExecutionSucceeded", "False", failing.error), moment);
}

const disruptions: ReadonlySet<string> = new Set(["Evicted", "PodDeleted", "NodeLost"]);

function hostsFailed(
  target: BackupTargetStatus,
  { host, trouble, error }: Failing,
  moment: Moment,
): BackupTargetStatus {
  const change = { ...target, stats: withoutResult(target, { host, error }, moment) };
  if (!disruptions.has(trouble.reason)) return change;
  return withNews(change, newsOf("BackupDisrupted", "True", trouble.message), moment);
}

function withoutResult(
  { stats = [] }: BackupTargetStatus,
  { host, error }: { readonly host: string; readonly error: string },
  { created, now }: Moment,
): HostBackupStats[] {
  const failure = { phase: "Failed", error, duration: sessionDuration(created, now) } as const;
  return [
    ...stats.filter(({ hostname, phase }) => hostname !== host && phase !== undefined),
    { hostname: host, ...failure },
  ];
}

function isReported({ stats = [], totalHosts }: BackupTargetStatus): boolean {
  return totalHosts !== undefined && stats.filter(({ phase }) => phase !== undefined).length >= totalHosts;
}

export function expired(
  status: BackupSessionStatus,
  { host, message }: { readonly host: string; readonly message: string },
  moment: Moment,
): Change {
  if (isFinal(status.phase) || statusOf(status.conditions, "DeadlineExceeded") === "True") return undefined;
  const late = withNews(status, newsOf("DeadlineExceeded", "True", message), moment);
  const [target] = status.targets ?? [];
  if (target === undefined || isReported(target) || target.totalHosts === undefined) return withPhase(late, moment);
  const stats = withoutResult(target, { host, error: message }, moment);
  return withPhase(
    withTarget(late, () => ({ ...target, stats })),
    moment,
  );
}

export interface Finish {
  readonly history?: ConditionNews | undefined;
  readonly metrics: ConditionNews;
  /** Of a session that may be tried again. */
  readonly retryDelayMs?: number | undefined;
}

/** The last step: from then on nothing changes but whether it was tried again. */
export function finished(status: BackupSessionStatus, finish: Finish, moment: Moment): Change {
  if (isFinal(status.phase)) return undefined;
  const cleaned = finish.history === undefined ? status : withNews(status, finish.history, moment);
  const final = withPhase(withNews(cleaned, finish.metrics, moment), moment);
  if (final.phase !== "Failed" || finish.retryDelayMs === undefined) return final;
  return {
    ...final,
    nextRetry: formatTime(new Date(Math.ceil((moment.now.getTime() + finish.retryDelayMs) / 1000) * 1000)),
  };
}

export function retried(status: BackupSessionStatus): Change {
  return status.retried === true ? undefined : { ...status, retried: true };
}

function deadlineText(
  { sessionDeadline }: BackupSessionStatus,
  deadline: Date | undefined,
): Pick<BackupSessionStatus, "sessionDeadline"> {
  if (sessionDeadline !== undefined || deadline === undefined) return {};
  return { sessionDeadline: formatTime(deadline) };
}

function withTarget(
  status: BackupSessionStatus,
  change: (target: BackupTargetStatus) => BackupTargetStatus,
): BackupSessionStatus {
  const targets = status.targets ?? [];
  return { ...status, targets: targets.map((target, index) => (index === 0 ? change(target) : target)) };
}

function withNews<T extends Pick<BackupSessionStatus, "conditions">>(
  holder: T,
  news: ConditionNews,
  { now }: Moment,
): T {
  return { ...holder, conditions: [...withCondition(holder.conditions, news, now)] };
}
