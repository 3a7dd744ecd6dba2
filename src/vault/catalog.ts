import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../kit/failures.ts";
import { isPublished, readTags, stashRoot } from "../repository/published.ts";
import type { Repository, Snapshot } from "../repository/restic.ts";
import { indexDigest, liveOf, type Manifest, readIndex, readManifest, type SnapshotIndex } from "./manifest.ts";
import type { Running } from "./progress.ts";
import { openStashSnapshot } from "./stash-snapshot.ts";

/** One published snapshot, as restic's list and its tags tell it. */
export interface SnapshotEntry {
  readonly id: string;
  readonly shortId: string;
  readonly time: Date;
  readonly host: string;
  /** Empty for Stash's, see `targetLabel`. */
  readonly target: string;
  readonly invoker: string;
  readonly complete: boolean;
  /** The streams that were asked for; undefined: all of the account. */
  readonly streams: readonly string[] | undefined;
  /** Bytes of the staged files; undefined where restic does not say. */
  readonly bytes: number | undefined;
  /** Made by Stash: the folder in the snapshot with its dump of the streams. */
  readonly stash?: { readonly root: string };
}

/** What people call the target of a snapshot by. Stash's do not say what they are of; only their host tells them apart. */
export function targetLabel({ target, stash, host }: Pick<SnapshotEntry, "target" | "stash" | "host">): string {
  return stash === undefined ? target : `stash:${host}`;
}

/** A snapshot with its manifests at hand; the messages stay in the repository. */
export interface OpenedSnapshot {
  readonly entry: SnapshotEntry;
  readonly index: SnapshotIndex;
  /** In the order of the index. */
  readonly manifests: readonly Manifest[];
}

/** Published snapshots, newest last; incomplete ones only when `all`. */
export async function listSnapshots(
  repository: Repository,
  { target, all = false }: { readonly target?: string; readonly all?: boolean },
  { signal }: Running,
): Promise<SnapshotEntry[]> {
  const snapshots = await repository.snapshots({}, { signal });
  return snapshots
    .filter(isPublished)
    .map(toEntry)
    .filter((entry) => (all || entry.complete) && (target === undefined || targetLabel(entry) === target));
}

/**
 * The snapshot that `reference` means: `latest` is the newest complete one that was asked for the wanted streams; an
 * id or its beginning finds incomplete ones too. Throws snapshot-not-found.
 */
export async function resolveSnapshot(
  repository: Repository,
  reference: string,
  wanted: { readonly streams?: readonly string[]; readonly target?: string },
  running: Running,
): Promise<SnapshotEntry> {
  if (reference === "latest") {
    const { target } = wanted;
    const entries = await listSnapshots(repository, target === undefined ? {} : { target }, running);
    const fitting = entries.filter((entry) => covers(entry, wanted.streams ?? []));
    // a snapshot of the whole account stands before one of chosen streams, unless streams were asked for
    const whole = fitting.filter((entry) => entry.streams === undefined);
    const found =
      (wanted.streams === undefined || wanted.streams.length === 0 ? whole : fitting).at(-1) ?? fitting.at(-1);
    if (found === undefined)
      throw new Failure("snapshot-not-found", "looking for the latest snapshot: there is no complete one");
    return found;
  }
  if (!/^[0-9a-f]{4,64}$/.test(reference)) {
    throw new Failure(
      "snapshot-not-found",
      `looking for snapshot ${reference}: an id has 4 to 64 characters of 0-9 and a-f`,
    );
  }
  const found = await findById(repository, reference, running);
  if (found !== undefined && isPublished(found)) return toEntry(found);
  throw new Failure("snapshot-not-found", `looking for snapshot ${reference}: there is none, or several begin so`);
}

/** Asked for by its id: another snapshot that cannot be read is no reason to refuse this one. */
async function findById(repository: Repository, id: string, { signal }: Running): Promise<Snapshot | undefined> {
  try {
    return (await repository.snapshots({ ids: [id] }, { signal }))[0];
  } catch (error) {
    if (Failure.is(error, "snapshot-not-found")) return undefined;
    throw error;
  }
}

/**
 * Reads the index and every manifest of a snapshot, in one call to the repository. Of Stash's it is what the files beside
 * the archives say: `surveyStreams` reads these.
 */
export async function openSnapshot(
  repository: Repository,
  entry: SnapshotEntry,
  { signal }: Running,
): Promise<OpenedSnapshot> {
  if (entry.stash !== undefined) return await openStashSnapshot(repository, entry, entry.stash, { signal });
  const directory = await mkdtemp(join(tmpdir(), "coldstream-catalog-"));
  try {
    const include = ["/coldstream.json", "/streams/*/manifest.json"];
    await repository.extract(entry.id, { include, target: directory }, { signal });
    const index = readIndex(await readStored(join(directory, "coldstream.json"), entry));
    const manifests: Manifest[] = [];
    for (const { stream, folder, manifest: sha256 } of index.streams) {
      const text = await readStored(join(directory, "streams", folder, "manifest.json"), entry);
      if (createHash("sha256").update(text).digest("hex") !== sha256)
        throw damaged(entry, `the manifest of stream ${stream} is not the one that was stored`);
      const manifest = readManifest(text);
      if (manifest.stream !== stream || manifest.folder !== folder)
        throw damaged(entry, `${folder} holds ${manifest.stream}, not ${stream}`);
      if (indexDigest(manifest.segments, liveOf(manifest), manifest.state.lastSequence) !== manifest.indexDigest)
        throw damaged(entry, `the manifest of stream ${stream} contradicts itself (its index digest differs)`);
      manifests.push(manifest);
    }
    checkWhole(entry, index, await readdir(join(directory, "streams")).catch(() => []));
    return { entry, index, manifests };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What the tags promise, the index and the folders must hold: an index with less in it would pass for a whole backup. */
function checkWhole(entry: SnapshotEntry, index: SnapshotIndex, folders: readonly string[]): void {
  const names = new Set(index.streams.map(({ stream }) => stream));
  if (names.size === 0) throw damaged(entry, "it holds no stream");
  if (names.size !== index.streams.length || folders.length !== names.size)
    throw damaged(entry, `${names.size} streams are listed and ${folders.length} are there`);
  if (index.complete !== entry.complete || index.complete !== (index.failed.length === 0))
    throw damaged(entry, "its tags and its index differ on whether it is complete");
  const missing = entry.complete ? entry.streams?.find((stream) => !names.has(stream)) : undefined;
  if (missing !== undefined) throw damaged(entry, `stream ${missing} is not in it`);
}

function damaged(entry: SnapshotEntry, what: string): Failure {
  return new Failure("damaged", `opening snapshot ${entry.shortId}: ${what}`);
}

async function readStored(path: string, entry: SnapshotEntry): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new Failure(
      "damaged",
      `opening snapshot ${entry.shortId}: a file that every coldstream snapshot has is not in it`,
      { cause: error },
    );
  }
}

function covers(entry: SnapshotEntry, wanted: readonly string[]): boolean {
  const { streams } = entry;
  return streams === undefined || wanted.every((stream) => streams.includes(stream));
}

function toEntry(snapshot: Snapshot): SnapshotEntry {
  const tags = readTags(snapshot.tags);
  const root = stashRoot(snapshot);
  return {
    id: snapshot.id,
    shortId: snapshot.shortId,
    time: snapshot.time,
    host: snapshot.host,
    target: tags.target ?? "",
    invoker: tags.invoker ?? "",
    // Stash stores nothing at all when one of the streams failed
    complete: tags.complete || root !== undefined,
    streams: tags.streams,
    bytes: snapshot.summary?.totalBytesProcessed,
    ...(root === undefined ? {} : { stash: { root } }),
  };
}
