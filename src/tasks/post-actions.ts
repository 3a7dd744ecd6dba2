import { setTimeout as sleep } from "node:timers/promises";
import type { BackupConfiguration } from "../api/backup-configuration.ts";
import type { ConditionNews } from "../api/condition.ts";
import { sessionConditions } from "../api/condition-types.ts";
import { actions } from "../api/labels.ts";
import type { RetentionPolicy } from "../api/retention-policy.ts";
import { Failure } from "../kit/failures.ts";
import { counted } from "../kit/quantities.ts";
import { isPublished, type Scope } from "../repository/published.ts";
import type { CheckReport, Repository, Snapshot } from "../repository/restic.ts";
import type { TaskContext } from "./context.ts";
import { sentenceOf } from "./failure-sentence.ts";
import { despiteLocks } from "./lock-healer.ts";
import { planRetention } from "./retention-plan.ts";
import type { Session } from "./session.ts";
import type { ReportChannel } from "./session-report.ts";

/** What a session does to its repository after the backup: retention, check, measures. */
export interface PostRequest {
  readonly session: Session;
  readonly restic: Repository;
  readonly report: ReportChannel;
  readonly invoker: Pick<BackupConfiguration, "spec">;
  readonly scope: Scope;
}

export interface PostResult {
  /** Every published snapshot that is left. */
  readonly snapshots: readonly Snapshot[];
  /** undefined: nothing was cleaned up, for another run held the lock or it failed. */
  readonly removed: number | undefined;
  /** undefined: it could not be found out. */
  readonly integrity: boolean | undefined;
  readonly totalBytes: bigint | undefined;
}

export async function runPostActions(context: TaskContext, request: PostRequest): Promise<PostResult> {
  const { restic, session } = request;
  const { signal } = context;
  const removed = isWanted(session, actions.retention, "RetentionPolicyApplied")
    ? await applyRetention(context, request)
    : undefined;
  const integrity = isWanted(session, actions.integrity, "RepositoryIntegrityVerified")
    ? await verifyIntegrity(context, request)
    : undefined;
  const snapshots = (await restic.snapshots({}, { signal })).filter(isPublished);
  return { snapshots, removed, integrity, totalBytes: await measure(context, restic) };
}

/** Asked for, and not done by an earlier run of the same session. */
export function isWanted(session: Session, action: string, condition: ConditionNews["type"]): boolean {
  const isAsked = session.postActions === undefined || session.postActions.includes(action);
  return isAsked && session.conditions.every(({ type }) => type !== condition);
}

/** How many snapshots were removed. A lock of others postpones it to the next session: no condition, no failure. */
async function applyRetention(context: TaskContext, request: PostRequest): Promise<number | undefined> {
  const { session, invoker } = request;
  const reasons = sessionConditions.RetentionPolicyApplied;
  try {
    const done = await clean(context, request, invoker.spec.retentionPolicy);
    const { removed, message } = done;
    await session.setCondition({ type: "RetentionPolicyApplied", status: "True", reason: reasons.true, message });
    return removed;
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = Failure.from(error);
    context.log.warn({ code: failure.code, error }, "retention was not applied");
    if (failure.code === "repository-locked") return undefined;
    const message = sentenceOf(failure);
    await session.setCondition({ type: "RetentionPolicyApplied", status: "False", reason: reasons.false, message });
    return undefined;
  }
}

async function clean(
  context: TaskContext,
  { restic, report, session, scope }: PostRequest,
  policy: RetentionPolicy,
): Promise<{ readonly removed: number; readonly message: string }> {
  const { signal, log, now } = context;
  const snapshots = await restic.snapshots({}, { signal });
  const { keep, remove, drafts } = planRetention(snapshots, { scope, policy, created: session.created, now: now() });
  const kept = `${counted(keep.length, "snapshot")} kept by policy ${policy.name}`;
  if (policy.dryRun === true) {
    const names = remove.map(({ shortId }) => shortId).join(", ");
    return { removed: 0, message: `dry run: ${kept}, ${remove.length} would be removed${names && `: ${names}`}` };
  }
  const ids = [...remove, ...drafts].map(({ id }) => id);
  const patience = { report, log, signal, waitMs: 0 };
  if (ids.length > 0) await despiteLocks(restic, () => restic.forget(ids, { signal }), patience);
  const message = `${kept}, ${remove.length} removed`;
  if (ids.length === 0 || !policy.prune) return { removed: remove.length, message };
  try {
    await despiteLocks(restic, () => restic.prune({ signal }), patience);
    return { removed: remove.length, message };
  } catch (error) {
    if (!Failure.is(error, "repository-locked")) throw error;
    // what no snapshot needs goes with the next prune
    return { removed: remove.length, message: `${message}; their data go later: another run uses the repository` };
  }
}

async function verifyIntegrity(context: TaskContext, { restic, session }: PostRequest): Promise<boolean | undefined> {
  const reasons = sessionConditions.RepositoryIntegrityVerified;
  const say = (status: "True" | "False", message: string) =>
    session.setCondition({
      type: "RepositoryIntegrityVerified",
      status,
      reason: status === "True" ? reasons.true : reasons.false,
      message,
    });
  try {
    const { ok, errors } = await checkBesideOthers(restic, context);
    if (ok) await say("True", "restic check found no errors");
    else await say("False", `the repository is damaged: ${shortened(errors)}; see: restic help repair`);
    return ok;
  } catch (error) {
    context.signal.throwIfAborted();
    await say("False", sentenceOf(Failure.from(error)));
    return undefined;
  }
}

const [recheckPauseMs, mostRechecks] = [10_000, 12];

/**
 * A check takes no lock: a prune of somebody else moves data under its eyes, which looks like damage until it has ended. So
 * damage is believed when it is seen twice, with nobody pruning.
 */
async function checkBesideOthers(restic: Repository, { signal, log }: TaskContext): Promise<CheckReport> {
  for (let rechecks = 0; ; rechecks++) {
    const report = await restic.check({ signal });
    if (report.ok || rechecks >= mostRechecks) return report;
    const isPruned = await isBeingPruned(restic, signal);
    if (rechecks > 0 && !isPruned) return report;
    log.info({ errors: report.errors.length }, "checking again");
    if (isPruned) await sleep(recheckPauseMs, undefined, { signal });
  }
}

async function isBeingPruned(restic: Repository, signal: AbortSignal): Promise<boolean> {
  return (await restic.locks({ signal })).some(({ exclusive }) => exclusive);
}

const mostErrors = 3;

function shortened(errors: readonly string[]): string {
  const more = errors.length > mostErrors ? ` and ${errors.length - mostErrors} more` : "";
  return errors.slice(0, mostErrors).join("; ") + more;
}

async function measure({ signal, log }: TaskContext, restic: Repository): Promise<bigint | undefined> {
  try {
    return (await restic.stats({ signal })).totalBytes;
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ error }, "the repository was not measured");
    return undefined;
  }
}
