import { Failure } from "../kit/failures.ts";
import { type BackupOptions, type BackupRequest, type BackupSummary, backUp } from "./backup.ts";
import { type CheckReport, checkRepository } from "./check.ts";
import { type Lock, listLocks } from "./locks.ts";
import { pastLeftLocks, takeExclusive, takeShared } from "./past-locks.ts";
import {
  compare,
  type Difference,
  dumpFolder,
  type Entry,
  type ExtractRequest,
  extractFiles,
  listEntries,
  listSnapshots,
  type ReadOptions,
  readFile,
} from "./reading.ts";
import { openRestic, type Restic, type ResticOptions } from "./runner.ts";
import type { Snapshot, SnapshotFilter } from "./snapshot.ts";
import {
  createRepository,
  forgetSnapshots,
  pruneRepository,
  type RepositoryConfig,
  type RepositoryStats,
  type RewriteRequest,
  readConfig,
  readStats,
  rewriteSnapshot,
  unlockRepository,
} from "./upkeep.ts";

export type { BackupProgress, BackupRequest, BackupSummary } from "./backup.ts";
export type { CheckReport } from "./check.ts";
export type { RepositoryPassword } from "./environment.ts";
export type { Lock } from "./locks.ts";
export type { Change, Difference, Entry } from "./reading.ts";
export type { Snapshot, SnapshotFilter } from "./snapshot.ts";

export type RepositoryOptions = ResticOptions;

/**
 * A restic repository. Every call is one restic process (about 0.6 s for the key derivation alone), may run beside others, ends it when the
 * signal is aborted, and throws Failures: repository-absent, repository-locked, password-wrong, repository-unreachable, disk-full, damaged,
 * credentials-unreadable, interrupted, program-missing, repository-failed. A call in whose way the lock of a killed run of this user on this
 * machine stands removes that and is tried once more (past-locks.ts).
 */
export interface Repository {
  /** The address without user and password, for people. */
  readonly url: string;
  /** Whether there is a repository that the password opens. */
  probe(options: ReadOptions): Promise<"present" | "absent">;
  /** The repository's own id and format version. */
  config(options: ReadOptions): Promise<RepositoryConfig>;
  /** Makes it. `repository-exists` when there is one, `plan-refused` for a folder with other things in it. */
  initialize(options: ReadOptions): Promise<{ readonly id: string }>;
  /** Stores a folder. Any unread file is a failure; `details.snapshot` then names what restic left. */
  backup(request: BackupRequest, options: BackupOptions): Promise<BackupSummary>;
  /** Oldest first. Without a lock. `damaged` when one of those asked for is there and cannot be read. */
  snapshots(filter: SnapshotFilter, options: ReadOptions): Promise<Snapshot[]>;
  /** A folder as a tar archive, names from the snapshot's root; a file as it is. Shared lock. Throws at its end when restic failed. */
  dump(id: string, path: string, options: ReadOptions): AsyncIterable<Uint8Array>;
  /** One file whole. `snapshot-not-found` with `details.path` when the snapshot lacks it. */
  readFile(id: string, path: string, options: ReadOptions): Promise<Uint8Array>;
  /** Writes the files that fit one of the patterns below `target`. */
  extract(id: string, request: ExtractRequest, options: ReadOptions): Promise<void>;
  /** Files and folders of a snapshot, recursively, or those directly in `folder`. */
  list(id: string, options: ReadOptions & { readonly folder?: string | undefined }): Promise<Entry[]>;
  /** Removes snapshots by id; unknown ids are passed over. Exclusive lock. */
  forget(ids: readonly string[], options: ReadOptions & { readonly prune?: boolean | undefined }): Promise<void>;
  /** Removes data that no snapshot needs. Exclusive lock. */
  prune(options: ReadOptions): Promise<void>;
  /** Damage is a value. Works beside live backups. */
  check(options: ReadOptions & { readonly readDataSubset?: string | undefined }): Promise<CheckReport>;
  locks(options: ReadOptions): Promise<Lock[]>;
  /** Removes locks that restic calls stale, or all. restic tells owners by host name and process id only. */
  unlock(options: ReadOptions & { readonly all?: boolean | undefined }): Promise<void>;
  stats(options: ReadOptions): Promise<RepositoryStats>;
  diff(a: string, b: string, options: ReadOptions & { readonly metadata?: boolean | undefined }): Promise<Difference>;
  /** Copies a snapshot under another host or time; returns the new full id. Shared lock. */
  rewrite(id: string, request: RewriteRequest, options: ReadOptions): Promise<string>;
}

/** Nothing is contacted yet. Throws `configuration-invalid` for an empty address or password. */
export function openRepository(options: RepositoryOptions): Repository {
  const restic = openRestic(options);
  const past = pastLeftLocks(restic);
  return takeExclusive(takeShared(callsOf(restic), past), past);
}

function callsOf(restic: Restic): Repository {
  return {
    url: restic.shown,
    async probe(o) {
      try {
        await readConfig(restic, o);
        return "present";
      } catch (error) {
        if (Failure.is(error, "repository-absent")) return "absent";
        throw error;
      }
    },
    config: (o) => readConfig(restic, o),
    initialize: (o) => createRepository(restic, o),
    backup: (request, o) => backUp(restic, request, o),
    snapshots: (filter, o) => listSnapshots(restic, filter, o),
    dump: (id, path, o) => dumpFolder(restic, { id, path }, o),
    readFile: (id, path, o) => readFile(restic, { id, path }, o),
    extract: (id, request, o) => extractFiles(restic, { ...request, id }, o),
    list: (id, { folder, signal }) => listEntries(restic, { id, folder }, { signal }),
    forget: (ids, o) => forgetSnapshots(restic, ids, o),
    prune: (o) => pruneRepository(restic, o),
    check: (o) => checkRepository(restic, o),
    locks: (o) => listLocks(restic, o),
    unlock: (o) => unlockRepository(restic, o),
    stats: (o) => readStats(restic, o),
    diff: (a, b, { metadata, signal }) => compare(restic, { a, b, metadata }, { signal }),
    rewrite: (id, request, o) => rewriteSnapshot(restic, { ...request, id }, o),
  };
}
