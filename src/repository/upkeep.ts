import { readdir } from "node:fs/promises";
import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { resticTime } from "./backup.ts";
import { checkedId, listSnapshots, passedOver, type ReadOptions } from "./reading.ts";
import { parseOutput, type Restic } from "./runner.ts";
import type { Snapshot } from "./snapshot.ts";

const Config = z.object({ version: z.number(), id: z.string() });
const Initialized = z.object({ message_type: z.literal("initialized"), id: z.string() });

export interface RepositoryConfig {
  readonly id: string;
  /** restic's format version: 2 since restic 0.14. */
  readonly version: number;
}

/** The repository's id: proves address, keys and password in one call without a lock. */
export async function readConfig(restic: Restic, { signal }: ReadOptions): Promise<RepositoryConfig> {
  const { stdout } = await restic.run(["cat", "config", "--no-lock"], { action: "opening the repository", signal });
  return parseOutput(Config, stdout, "configuration");
}

/** The folders of an empty repository: an interrupted `init` leaves some of them and may be run again. */
const layout = new Set(["data", "index", "keys", "locks", "snapshots", "lost+found"]);

/** Makes a repository. Never over one, and never into a folder that holds something else. */
export async function createRepository(restic: Restic, { signal }: ReadOptions): Promise<{ readonly id: string }> {
  const action = `creating the repository ${restic.shown}`;
  if (restic.folder !== undefined) await checkVacant(restic.folder, action);
  const { stdout } = await restic.run(["init"], { action, signal });
  const { id } = parseOutput(Initialized, stdout, "answer to init");
  return { id };
}

async function checkVacant(folder: string, action: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  if (names.includes("config")) throw new Failure("repository-exists", `${action}: there is one already`);
  const foreign = names.find((name) => !layout.has(name));
  if (foreign === undefined) return;
  const message = `${action}: the folder holds other things (${JSON.stringify(foreign)})`;
  throw new Failure("plan-refused", message, { hint: "choose a new or an empty folder" });
}

/** Ids on one command line: Linux takes about 2 MB of arguments. */
const idsPerCall = 5_000;

/** Removes snapshots; those that are gone already are no failure. */
export async function forgetSnapshots(
  restic: Restic,
  ids: readonly string[],
  { prune = false, signal }: ReadOptions & { readonly prune?: boolean | undefined },
): Promise<void> {
  const action = ids.length === 1 ? `removing snapshot ${ids[0]?.slice(0, 8)}` : `removing ${ids.length} snapshots`;
  const checked = ids.map(checkedId);
  for (let at = 0; at < checked.length; at += idsPerCall) {
    const { said } = await restic.run(["forget", ...checked.slice(at, at + idsPerCall)], { action, signal });
    passedOver(restic, action, said);
  }
  // By itself, not as forget's flag: restic skips that one when the snapshots were gone already.
  if (prune) await pruneRepository(restic, { signal });
}

/** Removes data that no snapshot needs. Takes the exclusive lock: `repository-locked` while any other run lives. */
export async function pruneRepository(restic: Restic, { signal }: ReadOptions): Promise<void> {
  await restic.run(["prune"], { action: "pruning the repository", signal });
}

export async function unlockRepository(
  restic: Restic,
  { all = false, signal }: ReadOptions & { readonly all?: boolean | undefined },
): Promise<void> {
  await restic.run(["unlock", ...(all ? ["--remove-all"] : [])], { action: "removing locks", signal });
}

const Stats = z.object({
  total_size: z.number(),
  total_uncompressed_size: z.number().default(0),
  total_blob_count: z.number().default(0),
  snapshots_count: z.number().default(0),
});

export interface RepositoryStats {
  /** What the snapshots' data take in the repository. */
  readonly totalBytes: bigint;
  readonly uncompressedBytes: bigint;
  readonly blobs: number;
  readonly snapshots: number;
}

export async function readStats(restic: Restic, { signal }: ReadOptions): Promise<RepositoryStats> {
  const args = ["stats", "--mode=raw-data", "--no-lock"];
  const { stdout } = await restic.run(args, { action: "measuring the repository", signal });
  const stats = parseOutput(Stats, stdout, "statistics");
  return {
    totalBytes: BigInt(stats.total_size),
    uncompressedBytes: BigInt(stats.total_uncompressed_size),
    blobs: stats.total_blob_count,
    snapshots: stats.snapshots_count,
  };
}

export interface RewriteRequest {
  readonly host?: string | undefined;
  /** Cut to whole seconds. */
  readonly time?: Date | undefined;
}

/**
 * Copies a snapshot under another host or time; the old one stays. Shared lock: works beside a live backup. restic adds the tag "rewrite"
 * and keeps the others. Returns the new full id.
 */
export async function rewriteSnapshot(
  restic: Restic,
  { id, host, time }: RewriteRequest & { readonly id: string },
  { signal }: ReadOptions,
): Promise<string> {
  const action = `publishing snapshot ${id.slice(0, 8)}`;
  const flags = [
    ...(host === undefined ? [] : [`--new-host=${host}`]),
    ...(time === undefined ? [] : [`--new-time=${resticTime(time)}`]),
  ];
  if (flags.length === 0) throw new Failure("usage", `${action}: neither a host nor a time was given`);
  const { stdout, said } = await restic.run(["rewrite", ...flags, checkedId(id)], { action, signal });
  if (passedOver(restic, action, said).length > 0) {
    throw new Failure("snapshot-not-found", `${action}: there is no such snapshot`);
  }
  // restic 0.19 names the new snapshot by 8 digits and in words only.
  const short = /^saved new snapshot ([0-9a-f]{8,64})/m.exec(stdout)?.[1];
  const found = await listSnapshots(restic, short === undefined ? {} : { ids: [short] }, { signal });
  const copy = found.findLast((snapshot) => isCopy(snapshot, { id, host, time }));
  if (copy === undefined) throw new Failure("repository-failed", `${action}: restic made no copy`);
  return copy.id;
}

function isCopy(snapshot: Snapshot, { id, host, time }: RewriteRequest & { readonly id: string }): boolean {
  const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);
  return (
    snapshot.original?.startsWith(id) === true &&
    (host === undefined || snapshot.host === host) &&
    (time === undefined || seconds(snapshot.time) === seconds(time))
  );
}
