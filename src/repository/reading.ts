import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { classify, type Said } from "./outcome.ts";
import { parseLine, parseOutput, type Restic } from "./runner.ts";
import { ResticSnapshot, type Snapshot, type SnapshotFilter } from "./snapshot.ts";

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

const Snapshots = z.array(ResticSnapshot).nullable();

/**
 * Lists snapshots, oldest first. Takes no lock: works beside every other run, and on read-only storage. A snapshot that is
 * there and cannot be read is a failure: without it an older one would pass for the latest.
 */
export async function listSnapshots(
  restic: Restic,
  { ids = [], hosts, tags = [] }: SnapshotFilter,
  { signal }: ReadOptions,
): Promise<Snapshot[]> {
  const action = "listing snapshots";
  const { stdout, said } = await restic.run(["snapshots", "--no-lock", ...ids.map(checkedId)], { action, signal });
  const [absent] = passedOver(restic, action, said);
  if (ids.length > 0 && absent !== undefined) throw new Failure("snapshot-not-found", `${action}: ${absent}`);
  return (parseOutput(Snapshots, stdout, "list of snapshots") ?? [])
    .filter(({ host }) => hosts === undefined || hosts.includes(host))
    .filter((snapshot) => tags.every((tag) => snapshot.tags.includes(tag)))
    .sort((a, b) => a.time.getTime() - b.time.getTime());
}

/**
 * restic passes over snapshots that it does not find or cannot read, says "Ignoring ...", and ends well. What it says of
 * those that are not there; throws for one that is.
 */
export function passedOver(restic: Restic, action: string, { remarks }: Said): readonly string[] {
  const ignored = remarks.filter((remark) => remark.startsWith("Ignoring "));
  const unread = ignored.find((remark) => !isAbsence(remark));
  if (unread === undefined) return ignored;
  const text = restic.hide(unread.replace(/^Ignoring /, "snapshot "));
  const code = classify(unread) ?? "repository-failed";
  const hint =
    "bring that file of the repository's folder snapshots back from a copy, or delete it by hand: restic cannot";
  throw new Failure(code, `${action}: ${text}`, code === "damaged" ? { hint } : {});
}

/** Another run may remove a snapshot between restic's list and its look. */
function isAbsence(remark: string): boolean {
  return classify(remark) === "snapshot-not-found" || /no such file|does not exist|NoSuchKey|\b404\b/i.test(remark);
}

/** Snapshot ids go into arguments: one that begins with a dash would be a flag. */
export function checkedId(id: string): string {
  if (/^[0-9a-f]{1,64}$/.test(id)) return id;
  throw new Failure("snapshot-not-found", `${JSON.stringify(id)} is no snapshot id`);
}

/** A folder of a snapshot as a tar archive; names in it begin at the snapshot's root. */
export function dumpFolder(
  restic: Restic,
  { id, path }: { readonly id: string; readonly path: string },
  { signal }: ReadOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const action = `reading ${path} of snapshot ${id.slice(0, 8)}`;
  return restic.stream(["dump", "--archive=tar", checkedId(id), rooted(path)], { action, signal });
}

/** One file of a snapshot, whole. `snapshot-not-found` with `details.path` when the snapshot has no such file. */
export async function readFile(
  restic: Restic,
  { id, path }: { readonly id: string; readonly path: string },
  { signal }: ReadOptions,
): Promise<Uint8Array> {
  const action = `reading ${path} of snapshot ${id.slice(0, 8)}`;
  const read = async (...lock: readonly string[]): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of restic.stream(["dump", ...lock, checkedId(id), rooted(path)], { action, signal }))
      chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  try {
    return await read("--no-lock");
  } catch (error) {
    if (Failure.is(error, "snapshot-not-found")) {
      throw new Failure(error.code, error.message, { cause: error, details: { ...error.details, path } });
    }
    // A prune may have moved the data meanwhile; a lock keeps it where it is.
    if (Failure.is(error, "damaged", "repository-failed")) return await read();
    throw error;
  }
}

export interface ExtractRequest {
  /** restic's patterns (`/streams/*\/manifest.json`); what fits none is left out. */
  readonly include: readonly string[];
  readonly target: string;
}

/** Writes files of a snapshot into a folder. A pattern that fits nothing is no failure: look at what is there. */
export async function extractFiles(
  restic: Restic,
  { id, include, target }: ExtractRequest & { readonly id: string },
  { signal }: ReadOptions,
): Promise<void> {
  const patterns = include.map((pattern) => `--include=${pattern}`);
  const args = ["restore", checkedId(id), `--target=${target}`, ...patterns];
  await restic.run(args, { action: `extracting from snapshot ${id.slice(0, 8)}`, signal });
}

const Entry = z
  .object({
    path: z.string(),
    type: z.string(),
    size: z.number().default(0),
    mtime: z.string(),
    struct_type: z.literal("node"),
  })
  .transform(({ path, type, size, mtime }) => ({ path, type, sizeBytes: size, modified: new Date(mtime) }));
export type Entry = Readonly<z.infer<typeof Entry>>;

/** Files and folders of a snapshot, all of them or those directly in one folder. */
export async function listEntries(
  restic: Restic,
  { id, folder }: { readonly id: string; readonly folder?: string | undefined },
  { signal }: ReadOptions,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  const onLine = (line: string): void => {
    const entry = parseLine(Entry, line);
    if (entry !== undefined && entry.path !== folder) entries.push(entry);
  };
  const where = folder === undefined ? [] : [rooted(folder)];
  const action = `listing the files of snapshot ${id.slice(0, 8)}`;
  await restic.run(["ls", "--no-lock", checkedId(id), ...where], { action, onLine, signal });
  return entries;
}

function rooted(path: string): string {
  return path.startsWith("/") ? path : `/${path}`;
}

const DiffLine = z.union([
  z.object({ message_type: z.literal("change"), path: z.string(), modifier: z.string() }),
  z.object({ message_type: z.literal("statistics"), changed_files: z.number() }),
]);

export interface Change {
  readonly path: string;
  /** restic's letters: + added, - removed, M content, U metadata, T type, ? content with all metadata the same; several may stand together. */
  readonly modifier: string;
}

export interface Difference {
  readonly changes: readonly Change[];
  readonly changedFiles: number;
}

/** What differs between two snapshots; content only, unless `metadata`. Full ids or their beginnings, not "latest". */
export async function compare(
  restic: Restic,
  { a, b, metadata = false }: { readonly a: string; readonly b: string; readonly metadata?: boolean | undefined },
  { signal }: ReadOptions,
): Promise<Difference> {
  const changes: Change[] = [];
  let changedFiles: number | undefined;
  const onLine = (line: string): void => {
    const parsed = parseLine(DiffLine, line);
    if (parsed?.message_type === "change") changes.push({ path: parsed.path, modifier: parsed.modifier });
    if (parsed?.message_type === "statistics") changedFiles = parsed.changed_files;
  };
  const action = `comparing snapshots ${a.slice(0, 8)} and ${b.slice(0, 8)}`;
  const flags = metadata ? ["--metadata"] : [];
  await restic.run(["diff", "--no-lock", ...flags, checkedId(a), checkedId(b)], { action, onLine, signal });
  // Without its last line the list may be cut.
  if (changedFiles === undefined) throw new Failure("repository-failed", `${action}: restic's answer has no end`);
  return { changes, changedFiles };
}
