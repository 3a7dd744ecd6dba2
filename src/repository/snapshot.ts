import { z } from "zod";

/** Counts and sizes of one backup, as restic reports them when it ends and keeps them in the snapshot (restic 0.17 and newer). */
export const SnapshotSummary = z
  .object({
    files_new: z.number(),
    files_changed: z.number(),
    files_unmodified: z.number(),
    dirs_new: z.number(),
    dirs_changed: z.number(),
    dirs_unmodified: z.number(),
    data_blobs: z.number(),
    tree_blobs: z.number(),
    data_added: z.number(),
    data_added_packed: z.number().default(0),
    total_files_processed: z.number(),
    total_bytes_processed: z.number(),
  })
  .transform((summary) => ({
    filesNew: summary.files_new,
    filesChanged: summary.files_changed,
    filesUnmodified: summary.files_unmodified,
    directoriesNew: summary.dirs_new,
    directoriesChanged: summary.dirs_changed,
    directoriesUnmodified: summary.dirs_unmodified,
    dataBlobs: summary.data_blobs,
    treeBlobs: summary.tree_blobs,
    /** Bytes that were not in the repository before, as they were read. */
    dataAdded: summary.data_added,
    /** The same, compressed and encrypted: what the repository grew by, about. */
    dataAddedPacked: summary.data_added_packed,
    totalFilesProcessed: summary.total_files_processed,
    totalBytesProcessed: summary.total_bytes_processed,
  }));
export type SnapshotSummary = Readonly<z.infer<typeof SnapshotSummary>>;

export interface Snapshot {
  /** 64 hex digits. */
  readonly id: string;
  readonly shortId: string;
  /** restic keeps nanoseconds; here whole milliseconds. */
  readonly time: Date;
  readonly host: string;
  readonly tags: readonly string[];
  /** Absolute paths on the machine that made it. Never relied on: they differ between pods. */
  readonly paths: readonly string[];
  readonly tree: string;
  /** The id of the snapshot it was compared with. */
  readonly parent?: string;
  /** The id of the snapshot that it was rewritten from. */
  readonly original?: string;
  readonly summary?: SnapshotSummary;
}

/** One member of the list that `restic snapshots --json` writes. */
export const ResticSnapshot = z
  .object({
    id: z.string(),
    short_id: z.string(),
    time: z.string(),
    hostname: z.string().default(""),
    tags: z.array(z.string()).nullish(),
    paths: z.array(z.string()).nullish(),
    tree: z.string(),
    parent: z.string().nullish(),
    original: z.string().nullish(),
    summary: SnapshotSummary.nullish(),
  })
  .transform(
    ({ id, short_id, time, hostname, tags, paths, tree, parent, original, summary }): Snapshot => ({
      id,
      shortId: short_id,
      time: new Date(time),
      host: hostname,
      tags: tags ?? [],
      paths: paths ?? [],
      tree,
      ...(parent == null ? {} : { parent }),
      ...(original == null ? {} : { original }),
      ...(summary == null ? {} : { summary }),
    }),
  );

export interface SnapshotFilter {
  /** Full ids or their beginnings. One that fits no snapshot, or several, is `snapshot-not-found`. */
  readonly ids?: readonly string[] | undefined;
  /** Any of them. */
  readonly hosts?: readonly string[] | undefined;
  /** All of them. */
  readonly tags?: readonly string[] | undefined;
}
