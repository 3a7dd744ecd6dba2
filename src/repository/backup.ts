import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { parseLine, type Restic } from "./runner.ts";
import { SnapshotSummary } from "./snapshot.ts";

export interface BackupRequest {
  /** restic runs here and stores ".", so that no path of this machine is in the tree. */
  readonly directory: string;
  readonly host: string;
  /** Whole tags (see published.ts): restic would split one at a comma and trim it. */
  readonly tags: readonly string[];
  /** The snapshot's time, cut to whole seconds; now unless given. */
  readonly time?: Date | undefined;
  /** Full id of a snapshot whose files of the same name, size and time are taken over unread. Without it every file is read. */
  readonly parent?: string | undefined;
  /** Reads every file; the default without a parent. */
  readonly force?: boolean | undefined;
}

export interface BackupProgress {
  /** 0 to 1. */
  readonly percentDone: number;
  readonly bytesDone: number;
  readonly totalBytes: number;
  readonly filesDone: number;
}

export type BackupSummary = SnapshotSummary & { readonly snapshotId: string };

const SummaryLine = z.object({ message_type: z.literal("summary"), snapshot_id: z.string().min(1) });
const StatusLine = z.object({
  message_type: z.literal("status"),
  percent_done: z.number().default(0),
  bytes_done: z.number().default(0),
  total_bytes: z.number().default(0),
  files_done: z.number().default(0),
});

export interface BackupOptions {
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** `restic backup .`: a snapshot of a folder. A file that could not be read fails it, though restic then leaves a snapshot. */
export async function backUp(
  restic: Restic,
  request: BackupRequest,
  { onProgress, signal }: BackupOptions,
): Promise<BackupSummary> {
  const action = `storing ${request.directory}`;
  let summary: BackupSummary | undefined;
  function onLine(line: string): void {
    const status = parseLine(StatusLine, line);
    if (status !== undefined) onProgress?.(toProgress(status));
    else summary = readSummary(line) ?? summary;
  }
  const args = backupArguments(request, onProgress !== undefined);
  const outcome = await restic.attempt(args, { action, cwd: request.directory, onLine, signal });
  if (outcome.exitCode !== 0 || outcome.said.errors.length > 0) {
    const failure = restic.failure(action, { ...outcome, exitCode: outcome.exitCode ?? 1 });
    // What restic left behind: the caller may want to forget it.
    const details = summary === undefined ? failure.details : { ...failure.details, snapshot: summary.snapshotId };
    throw new Failure(failure.code, failure.message, { cause: failure.cause, details });
  }
  if (summary === undefined) throw new Failure("repository-failed", `${action}: restic made no snapshot`);
  return summary;
}

function backupArguments({ host, tags, time, parent, force }: BackupRequest, scan: boolean): string[] {
  for (const tag of tags) {
    if (tag === "" || tag.includes(",") || tag !== tag.trim()) {
      throw new Failure(
        "usage",
        `restic cannot keep the tag ${JSON.stringify(tag)}: it is empty or holds a comma or space`,
      );
    }
  }
  if (parent !== undefined && !/^[0-9a-f]{64}$/.test(parent)) {
    throw new Failure("usage", `a parent must be a snapshot's full id, not ${parent}`);
  }
  return [
    "backup",
    ".",
    `--host=${host}`,
    ...tags.map((tag) => `--tag=${tag}`),
    ...(time === undefined ? [] : [`--time=${resticTime(time)}`]),
    // An automatic parent would be whatever was made on a host of this name (design 4.3: placeholders became content).
    ...(parent === undefined || force === true
      ? ["--force"]
      : [`--parent=${parent}`, "--ignore-inode", "--ignore-ctime"]),
    ...(scan ? [] : ["--no-scan"]),
  ];
}

/** As `--time` and `--new-time` want it, for a restic in UTC. Whole seconds. */
export function resticTime(time: Date): string {
  return time.toISOString().slice(0, 19).replace("T", " ");
}

function readSummary(line: string): BackupSummary | undefined {
  const head = parseLine(SummaryLine, line);
  const counts = parseLine(SnapshotSummary, line);
  return head === undefined || counts === undefined ? undefined : { ...counts, snapshotId: head.snapshot_id };
}

function toProgress(status: z.infer<typeof StatusLine>): BackupProgress {
  return {
    percentDone: status.percent_done,
    bytesDone: status.bytes_done,
    totalBytes: status.total_bytes,
    filesDone: status.files_done,
  };
}
