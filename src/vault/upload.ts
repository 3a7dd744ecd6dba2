import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, Failure } from "../kit/failures.ts";
import { draftHost } from "../repository/published.ts";
import type { Repository } from "../repository/restic.ts";
import type { Running } from "./progress.ts";

export interface Upload {
  readonly repository: Repository;
  readonly directory: string;
  readonly tags: string[];
  /** The host under which the snapshot is published. */
  readonly host: string;
  readonly time: Date;
}

export interface Uploaded {
  /** Full id of the published snapshot. */
  readonly snapshot: string;
  /** What restic stored, after its deduplication and compression. */
  readonly bytesAdded: number;
  readonly stored: StoredCounts;
  readonly notes: readonly string[];
}

/** What restic counted while it stored the folder. */
export interface StoredCounts {
  readonly files: number;
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly bytes: number;
  readonly durationMs: number;
}

/**
 * Stores a folder as a draft, compares what restic read with what lies there, and only then publishes it under its
 * host. Whatever fails before leaves a draft behind, which no reader takes for a backup.
 */
export async function upload({ repository, directory, tags, host, time }: Upload, running: Running): Promise<Uploaded> {
  const { signal } = running;
  const staged = await measure(directory);
  const startedMs = performance.now();
  const summary = await repository.backup(
    { directory, host: draftHost, tags, time, force: true },
    {
      signal,
      onProgress: ({ bytesDone }) => running.onProgress?.({ step: "uploading", bytesDone, bytesTotal: staged.bytes }),
    },
  );
  const isWhole =
    summary.filesNew === staged.files &&
    summary.filesChanged === 0 &&
    summary.filesUnmodified === 0 &&
    summary.totalBytesProcessed === staged.bytes;
  if (!isWhole) {
    throw new Failure(
      "backup-failed",
      `storing the draft: restic took ${summary.filesNew} files and ${summary.totalBytesProcessed} bytes, staged were ${staged.files} and ${staged.bytes}`,
    );
  }
  const { filesNew, filesChanged, filesUnmodified } = summary;
  const durationMs = Math.round(performance.now() - startedMs);
  running.onProgress?.({ step: "publishing" });
  const snapshot = await repository.rewrite(summary.snapshotId, { host, time }, { signal });
  return {
    snapshot,
    bytesAdded: summary.dataAddedPacked,
    stored: { files: staged.files, filesNew, filesChanged, filesUnmodified, bytes: staged.bytes, durationMs },
    notes: await dropDraft(repository, summary.snapshotId, signal),
  };
}

/**
 * The draft's data belongs to the published snapshot too. The backup is stored already, so a draft that stays (another
 * backup holds the lock, the repository takes no deletes) is a note.
 */
async function dropDraft(repository: Repository, draft: string, signal: AbortSignal): Promise<string[]> {
  try {
    await repository.forget([draft], { signal });
    return [];
  } catch (error) {
    if (Failure.is(error, "repository-locked"))
      return ["the draft stays until no other backup runs; coldstream forget removes it"];
    signal.throwIfAborted();
    return [`the draft could not be removed (${describe(error)}); coldstream forget removes it`];
  }
}

async function measure(directory: string): Promise<{ readonly files: number; readonly bytes: number }> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  let bytes = 0;
  for (const file of files) bytes += (await stat(join(file.parentPath, file.name))).size;
  return { files: files.length, bytes };
}
