import { Failure } from "../kit/failures.ts";
import { counted, formatBytes } from "../kit/quantities.ts";
import { type BackupReport, type BackupRequest, backup } from "../vault/backup.ts";
import type { ProofReport } from "../vault/prove.ts";
import type { CommandContext, Outcome } from "./command.ts";
import { showProgress } from "./progress-display.ts";
import { proofOutcome } from "./proof.ts";
import { backupLines } from "./report-text.ts";
import { visible } from "./visible.ts";

/** Saves, showing progress, and says what was saved. */
export async function runBackup(
  { printer, signal }: CommandContext,
  request: BackupRequest,
  { expected, server }: { readonly expected: ReadonlyMap<string, number>; readonly server: string },
): Promise<BackupReport> {
  const bytes = [...expected.values()].reduce((sum, each) => sum + each, 0);
  printer.note(`saving ${counted(expected.size, "stream")} (${formatBytes(bytes)}) of ${visible(server)}`);
  using progress = showProgress(printer, { streams: expected });
  const report = await backup(request, { signal, onProgress: progress.onProgress });
  printer.done(...backupLines(report));
  return report;
}

/** What is still wrong after a backup and, when asked for, its proof. */
export function backupOutcome(report: BackupReport, proof?: ProofReport | Failure): Outcome {
  if (Failure.is(proof)) return proof;
  const isDifferent = proof?.streams.some(({ proven }) => !proven) === true;
  if (proof !== undefined && isDifferent) return proofOutcome(proof);
  if (report.complete) return undefined;
  const failed = report.streams.filter(({ outcome }) => outcome === "failed").map(({ stream }) => visible(stream));
  return new Failure(
    "partly-done",
    `${counted(failed.length, "stream")} of ${report.streams.length} could not be saved: ${failed.join(", ")}`,
    { hint: `the others are in snapshot ${report.shortId}, which counts as incomplete` },
  );
}
