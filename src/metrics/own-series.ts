import { type BackupSession, BackupSessionPhase } from "../api/backup-session.ts";
import { RestorePhase, type RestoreSession } from "../api/restore-session.ts";
import type { ReportedStream, StepOutput } from "../api/session-report.ts";
import { type InvokerFacts, invokerLabels } from "./labels.ts";
import { timeIn } from "./quantity.ts";
import { type Series, seriesOf } from "./table.ts";

/** Figures that Stash has not: how safe it is, and what is in it. All pure. */

/** What is known of a BackupConfiguration; what is not known is not said. */
export interface BackupFacts {
  readonly invoker: InvokerFacts;
  readonly isPaused: boolean;
  readonly isReady: boolean;
  /** undefined when none is due: paused, or the schedule never fires. */
  readonly nextRun?: Date | undefined;
  readonly lastSuccess?: Date | undefined;
  /** The newest. */
  readonly session?: BackupSession | undefined;
}

export function backupSeries(facts: BackupFacts): readonly Series[] {
  const { invoker, isPaused, isReady, nextRun, lastSuccess, session } = facts;
  const labels = invokerLabels(invoker);
  return [
    ...seriesOf("coldstream_backup_paused", labels, isPaused),
    ...seriesOf("coldstream_backup_ready", labels, isReady),
    ...seriesOf("coldstream_backup_next_run_time_seconds", labels, isPaused ? undefined : nextRun),
    ...seriesOf("coldstream_backup_last_success_time_seconds", labels, lastSuccess),
    ...(session === undefined ? [] : newestSession(session, invoker)),
  ];
}

function newestSession({ metadata, status }: BackupSession, invoker: InvokerFacts): readonly Series[] {
  const labels = invokerLabels(invoker);
  const started = timeIn(metadata.creationTimestamp);
  const current = status?.phase ?? "Pending";
  return [
    ...seriesOf("coldstream_backup_session_start_time_seconds", labels, started),
    ...BackupSessionPhase.options.flatMap((phase) =>
      seriesOf("coldstream_backup_session_phase", { ...labels, phase }, phase === current),
    ),
  ];
}

export function restorePhaseSeries({ status }: RestoreSession, invoker: InvokerFacts): readonly Series[] {
  const labels = invokerLabels(invoker);
  const current = status?.phase ?? "Pending";
  return RestorePhase.options.flatMap((phase) =>
    seriesOf("coldstream_restore_session_phase", { ...labels, phase }, phase === current),
  );
}

/** Of a backup that was restored elsewhere and compared; without one the last figures stay. */
export function proofSeries(proof: StepOutput["proof"], invoker: InvokerFacts): readonly Series[] {
  if (proof === undefined) return [];
  const labels = invokerLabels(invoker);
  return [
    ...seriesOf("coldstream_backup_last_proof_time_seconds", labels, timeIn(proof.time)),
    ...seriesOf("coldstream_backup_proof_success", labels, proof.isProven),
  ];
}

/** A stream of a session's report. Numbers of 64 bits travel as text. */
export type StreamFacts = ReportedStream & { readonly lastSequence?: string | undefined };

/** Of the streams of one session. What was not saved counts nothing: no figure of an older session stays. */
export function streamSeries(streams: readonly StreamFacts[], invoker: InvokerFacts): readonly Series[] {
  return streams.flatMap((one) => {
    const labels = { ...invokerLabels(invoker), stream: one.stream };
    const isSaved = one.outcome === "saved";
    const count = (text: string | number | undefined) =>
      isSaved ? (text === undefined ? undefined : Number(text)) : 0;
    return [
      ...seriesOf("coldstream_stream_saved", labels, isSaved),
      ...seriesOf("coldstream_stream_exact", labels, isSaved && one.consistency !== "fuzzy"),
      ...seriesOf("coldstream_stream_messages", labels, count(one.messages)),
      ...seriesOf("coldstream_stream_bytes", labels, count(one.bytes)),
      ...seriesOf("coldstream_stream_last_sequence", labels, count(one.lastSequence)),
      ...seriesOf("coldstream_stream_consumers", labels, count(one.consumers)),
    ];
  });
}
