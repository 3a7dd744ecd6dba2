import type { HostBackupStats, SnapshotStats } from "../api/backup-session.ts";
import type { ConditionNews } from "../api/condition.ts";
import { targetConditions } from "../api/condition-types.ts";
import { formatGoDuration } from "../api/duration.ts";
import type { ReportedStream } from "../api/session-report.ts";
import type { Failure } from "../kit/failures.ts";
import { counted, formatBytes } from "../kit/quantities.ts";
import type { BackupReport, StreamReport } from "../vault/backup.ts";
import { sentenceOf } from "./failure-sentence.ts";

/** What came of a backup, as statuses and reports tell it. */
export interface BackupResult {
  readonly stats: HostBackupStats;
  readonly condition: ConditionNews & { readonly type: "StreamsBackedUp" };
  readonly streams: readonly ReportedStream[];
}

export interface BackupFacts {
  readonly hostname: string;
  readonly durationMs: number;
  /** Where Stash would have staged: its snapshots' path. */
  readonly path: string;
  /** Streams that may fail, or "true" for every one. */
  readonly allowDegraded: readonly string[];
  /** What was said of a proof, or of settings without effect. */
  readonly notes: readonly string[];
  /** The proof showed a difference. */
  readonly disproof?: Failure | undefined;
}

const reasons = targetConditions.StreamsBackedUp;

/** A backup that saved something: maybe not all. */
export function savedResult(report: BackupReport, facts: BackupFacts): BackupResult {
  const streams = report.streams.map(reportedStream);
  const bad = report.streams.filter((each) => each.outcome === "failed" && !mayFail(each.stream, facts));
  const error = errorOf(report, bad, facts);
  const left = report.streams.filter((each) => each.outcome === "failed" && mayFail(each.stream, facts));
  const stats: HostBackupStats = {
    hostname: facts.hostname,
    phase: error === undefined ? "Succeeded" : "Failed",
    duration: formatGoDuration(facts.durationMs),
    ...(error === undefined ? {} : { error }),
    snapshots: [snapshotStats(report, facts.path)],
  };
  const isSaved = bad.length === 0;
  const condition: BackupResult["condition"] = {
    type: "StreamsBackedUp",
    status: isSaved ? "True" : "False",
    reason: isSaved ? reasons.true : reasons.false,
    message: (error === undefined || isSaved ? [savedMessage(report, left), ...facts.notes] : [error]).join("; "),
  };
  return { stats, condition, streams };
}

/** A backup that saved nothing. */
export function failedResult(failure: Failure, { hostname, durationMs }: BackupFacts): BackupResult {
  const error = sentenceOf(failure);
  return {
    stats: { hostname, phase: "Failed", duration: formatGoDuration(durationMs), error },
    condition: { type: "StreamsBackedUp", status: "False", reason: reasons.false, message: error },
    streams: [],
  };
}

function errorOf(report: BackupReport, bad: readonly StreamReport[], { disproof }: BackupFacts): string | undefined {
  if (bad.length === 0) return disproof === undefined ? undefined : sentenceOf(disproof);
  const why = bad.flatMap((each) =>
    each.outcome === "failed" ? [`${each.stream} (${sentenceOf(each.failure)})`] : [],
  );
  const many = `${bad.length} of ${counted(report.streams.length, "stream")} could not be saved`;
  return `${many}: ${why.join(", ")}; the others are in snapshot ${report.shortId}, which counts as incomplete`;
}

function savedMessage({ streams, shortId }: BackupReport, left: readonly StreamReport[]): string {
  const saved = streams.filter((each) => each.outcome === "saved");
  const fuzzy = saved.filter((each) => each.consistency === "fuzzy").map(({ stream }) => stream);
  return [
    `${counted(saved.length, "stream")} saved in snapshot ${shortId}`,
    ...(fuzzy.length === 0 ? [] : [`changed too fast to be of one moment: ${fuzzy.join(", ")}`]),
    ...left.flatMap((each) =>
      each.outcome === "failed"
        ? [`${each.stream} was left out, as allowDegraded permits (${sentenceOf(each.failure)})`]
        : [],
    ),
  ].join("; ");
}

function mayFail(stream: string, { allowDegraded }: BackupFacts): boolean {
  return allowDegraded.some((each) => each === stream || each === "true" || each === "*");
}

function reportedStream(report: StreamReport): ReportedStream {
  if (report.outcome === "failed")
    return { stream: report.stream, outcome: "failed", reason: sentenceOf(report.failure) };
  const { stream, messages, bytes, lastSequence, consumers, consistency, notes } = report;
  return {
    ...{ stream, outcome: "saved", consumers, consistency },
    ...{ messages: String(messages), bytes: String(bytes), lastSequence: String(lastSequence) },
    ...(notes.length === 0 ? {} : { reason: notes.join("; ") }),
  };
}

function snapshotStats({ snapshot, bytesAdded, stored }: BackupReport, path: string): SnapshotStats {
  return {
    name: snapshot,
    path,
    totalSize: formatBytes(stored.bytes),
    uploaded: formatBytes(bytesAdded),
    processingTime: clockTime(stored.durationMs),
    fileStats: {
      totalFiles: stored.files,
      newFiles: stored.filesNew,
      modifiedFiles: stored.filesChanged,
      unmodifiedFiles: stored.filesUnmodified,
    },
  };
}

/** `m:ss`, or `h:mm:ss` from an hour on, as Stash writes it. */
export function clockTime(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = String(seconds % 60).padStart(2, "0");
  return hours === 0 ? `${minutes}:${tail}` : `${hours}:${String(minutes).padStart(2, "0")}:${tail}`;
}
