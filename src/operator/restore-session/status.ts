import { type Condition, type ConditionNews, statusOf, withCondition } from "../../api/condition.ts";
import type { RestoreSessionStatus } from "../../api/restore-session.ts";
import { formatTime } from "../../kit/quantities.ts";
import { newsOf } from "../session/news.ts";
import { type Moment, sessionDuration } from "../session/times.ts";
import { hasBegun, isReported } from "./decide.ts";
import { isFinal, withPhase } from "./phase.ts";

/** What each step writes into the status of a restore: changes to what is there now, since its Job writes too. All pure. */

export interface Found {
  readonly findings: readonly ConditionNews[];
  readonly deadline: Date | undefined;
}

/** undefined: it is already said, or too late to say. */
type Change = RestoreSessionStatus | undefined;

/** Something is missing or wrong, or another restore is at work. */
export function held(status: RestoreSessionStatus, found: Found, moment: Moment): Change {
  if (isFinal(status.phase) || hasBegun(status)) return undefined;
  const known = withPhase(withFound(status, found, moment), moment);
  const isSame = known.phase === status.phase && known.conditions === status.conditions;
  return isSame && known.sessionDeadline === status.sessionDeadline ? undefined : known;
}

/** Before the Job is made: it looks here for what to do. */
export function begun(status: RestoreSessionStatus, found: Found, moment: Moment): Change {
  if (isFinal(status.phase) || isDecided(status) || hasBegun(status)) return undefined;
  return withPhase({ ...withFound(status, found, moment), totalHosts: 1 }, moment);
}

/** Whether somebody has made the Job, or said that there will be none. */
export function isDecided({ conditions }: RestoreSessionStatus): boolean {
  return (
    statusOf(conditions, "RestoreExecutorEnsured") !== undefined ||
    statusOf(conditions, "DeadlineExceeded") !== undefined
  );
}

export function ensured(status: RestoreSessionStatus, jobName: string, moment: Moment): Change {
  if (isFinal(status.phase) || isDecided(status)) return undefined;
  return withPhase(
    withNews(status, newsOf("RestoreExecutorEnsured", "True", `Job ${jobName} was created.`), moment),
    moment,
  );
}

export function refused(status: RestoreSessionStatus, message: string, moment: Moment): Change {
  if (isFinal(status.phase) || isDecided(status)) return undefined;
  return withPhase(withNews(status, newsOf("RestoreExecutorEnsured", "False", message), moment), moment);
}

export interface Failing {
  readonly host: string;
  /** The whole sentence, with the end of the log. */
  readonly error: string;
  readonly hasPostHook: boolean;
}

/** Says of every host without a result that it failed, and why; if all have one, the hook behind the restore did. */
export function failed(status: RestoreSessionStatus, { host, error, hasPostHook }: Failing, moment: Moment): Change {
  if (isFinal(status.phase) || !hasBegun(status)) return undefined;
  if (!isReported(status))
    return withPhase({ ...status, stats: withoutResult(status, { host, error }, moment) }, moment);
  const isSaid = statusOf(status.conditions, "PostRestoreHookExecutionSucceeded") !== undefined;
  if (!hasPostHook || isSaid) return undefined;
  return withPhase(withNews(status, newsOf("PostRestoreHookExecutionSucceeded", "False", error), moment), moment);
}

export function expired(
  status: RestoreSessionStatus,
  { host, message }: { readonly host: string; readonly message: string },
  moment: Moment,
): Change {
  if (isFinal(status.phase) || statusOf(status.conditions, "DeadlineExceeded") === "True") return undefined;
  const late = withNews(status, newsOf("DeadlineExceeded", "True", message), moment);
  if (!hasBegun(status) || isReported(status)) return withPhase(late, moment);
  return withPhase({ ...late, stats: withoutResult(status, { host, error: message }, moment) }, moment);
}

/** The last step: from then on nothing changes. */
export function finished(status: RestoreSessionStatus, metrics: ConditionNews, moment: Moment): Change {
  return isFinal(status.phase) ? undefined : withPhase(withNews(status, metrics, moment), moment);
}

function withoutResult(
  { stats = [] }: RestoreSessionStatus,
  { host, error }: { readonly host: string; readonly error: string },
  { created, now }: Moment,
): NonNullable<RestoreSessionStatus["stats"]> {
  const others = stats.filter(({ hostname, phase }) => hostname !== host && phase !== undefined && phase !== "Running");
  return [...others, { hostname: host, phase: "Failed", error, duration: sessionDuration(created, now) }];
}

/** What was found missing before and is there now says so. */
function withFound(status: RestoreSessionStatus, { findings, deadline }: Found, { now }: Moment): RestoreSessionStatus {
  const before: readonly Condition[] = status.conditions ?? [];
  const conditions = findings.reduce((all, news) => withCondition(all, news, now), before);
  return {
    ...status,
    ...(conditions === before ? {} : { conditions: [...conditions] }),
    ...(status.sessionDeadline !== undefined || deadline === undefined
      ? {}
      : { sessionDeadline: formatTime(deadline) }),
  };
}

function withNews(status: RestoreSessionStatus, news: ConditionNews, { now }: Moment): RestoreSessionStatus {
  return { ...status, conditions: [...withCondition(status.conditions, news, now)] };
}
