import type { ConditionNews } from "../api/condition.ts";
import { invokerConditions } from "../api/condition-types.ts";
import { formatGoDuration } from "../api/duration.ts";
import type { HostRestoreStats } from "../api/restore-session.ts";
import type { ReportedStream } from "../api/session-report.ts";
import { Failure } from "../kit/failures.ts";
import { counted } from "../kit/quantities.ts";
import type { PlannedStream } from "../vault/plan.ts";
import type { RestoredStream, RestoreReport } from "../vault/restore.ts";
import { inParams, sentenceOf } from "./failure-sentence.ts";

/** What came of a restore, as statuses and reports tell it. */
export interface RestoreResult {
  readonly stats: HostRestoreStats & { readonly phase: "Succeeded" | "Failed" };
  readonly condition: ConditionNews & { readonly type: "StreamsRestored" };
  readonly streams: readonly ReportedStream[];
}

export interface RestoreFacts {
  readonly hostname: string;
  readonly durationMs: number;
  /** Settings without effect. */
  readonly notes: readonly string[];
}

const reasons = invokerConditions.StreamsRestored;

export function restoredResult({ streams, snapshot }: RestoreReport, facts: RestoreFacts): RestoreResult {
  const reported = streams.map(reportedStream);
  const failed = streams.flatMap((each) => (each.outcome === "failed" ? [each] : []));
  if (failed.length > 0) {
    const why = failed.map(({ stream, failure }) => `${stream} (${sentenceOf(failure)})`).join(", ");
    const rest = failed.length < streams.length ? "; the others are whole" : "";
    const error = `${failed.length} of ${counted(streams.length, "stream")} could not be restored: ${why}${rest}`;
    return result("Failed", error, reported, facts);
  }
  const done = streams.filter(({ outcome }) => outcome === "restored");
  const skipped = streams.filter(({ outcome }) => outcome === "skipped").map(({ stream }) => stream);
  const message = [
    `${counted(done.length, "stream")} restored from snapshot ${snapshot.shortId}`,
    ...(skipped.length === 0 ? [] : [`left as they were: ${skipped.join(", ")}`]),
    ...facts.notes,
  ].join("; ");
  return result("Succeeded", message, reported, facts);
}

/** The plan refuses some streams: nothing was changed. */
export function refusedResult(planned: readonly PlannedStream[], facts: RestoreFacts): RestoreResult {
  const refused = planned.filter(({ action }) => action === "refuse");
  const reasonOf = ({ reason }: PlannedStream) => inParams(reason ?? "it cannot be restored");
  const why = refused.map((each) => `${each.stream} (${reasonOf(each)})`).join(", ");
  const code = refused.every(({ isConflict }) => isConflict) ? "conflict" : "plan-refused";
  const what = `restoring ${why}: refused, and nothing was changed`;
  const streams = planned.map((each): ReportedStream => {
    const isRefused = refused.includes(each);
    const outcome = isRefused ? "failed" : "skipped";
    return { stream: each.stream, outcome, reason: isRefused ? reasonOf(each) : "nothing was changed" };
  });
  return result("Failed", sentenceOf(new Failure(code, what)), streams, facts);
}

/** It did not come to a plan. */
export function failedRestore(failure: Failure, facts: RestoreFacts): RestoreResult {
  return result("Failed", sentenceOf(failure), [], facts);
}

function result(
  phase: "Succeeded" | "Failed",
  message: string,
  streams: readonly ReportedStream[],
  { hostname, durationMs }: RestoreFacts,
): RestoreResult {
  const isGood = phase === "Succeeded";
  const duration = formatGoDuration(durationMs);
  return {
    stats: { hostname, phase, duration, ...(isGood ? {} : { error: message }) },
    condition: {
      type: "StreamsRestored",
      status: isGood ? "True" : "False",
      reason: isGood ? reasons.true : reasons.false,
      message,
    },
    streams,
  };
}

function reportedStream(restored: RestoredStream): ReportedStream {
  const { stream, outcome } = restored;
  switch (outcome) {
    case "restored": {
      const { as, messages, bytes, consumers, notes } = restored;
      const told = [...(as === stream ? [] : [`restored as ${as}`]), ...notes].join("; ");
      const figures = { messages: String(messages), bytes: String(bytes), consumers };
      return { stream, outcome, ...figures, ...(told === "" ? {} : { reason: told }) };
    }
    case "skipped":
      return { stream, outcome, reason: inParams(restored.reason) };
    case "failed":
      return { stream, outcome, reason: sentenceOf(restored.failure) };
    default:
      throw new Error(`unknown outcome ${outcome satisfies never}`);
  }
}
