import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pMap from "p-map";
import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { type JsonObject, parseJson } from "../kit/json.ts";
import { StreamConfig, StreamState } from "../nats/stream.ts";
import type { Repository } from "../repository/restic.ts";
import type { OpenedSnapshot, SnapshotEntry } from "./catalog.ts";
import { unsetTime } from "./consumers.ts";
import type { Manifest } from "./manifest.ts";
import type { Running } from "./progress.ts";
import { surveyArchive } from "./stash-archive.ts";

/*
 * What Stash's addon for NATS leaves in a repository (docs/format.md, "Other layouts"), made with the nats CLI:
 *   streams.json                the names that a restore would take, null for none; not always all that are there
 *   <STREAM>/backup.json        {"config": ..., "state": ...} as the server answered, as far as the CLI knew the fields
 *   <STREAM>/stream.tar.s2      the chunks of the server's snapshot, one after the other
 */
const descriptionFile = "backup.json";
const archiveFile = "stream.tar.s2";
const listFile = "streams.json";

const RawObject = z.custom<JsonObject>((value) => typeof value === "object" && value !== null && !Array.isArray(value));
const Description = z.object({ config: RawObject, state: RawObject });
const StreamList = z.array(z.string()).nullable();

type Stash = NonNullable<SnapshotEntry["stash"]>;

/** Lists the streams of a dump by Stash. What is listed and not there, or there and not whole, is named as failed. */
export async function openStashSnapshot(
  repository: Repository,
  entry: SnapshotEntry,
  { root }: Stash,
  { signal }: Pick<Running, "signal">,
): Promise<OpenedSnapshot> {
  const files = (await repository.list(entry.id, { signal })).filter(({ type }) => type === "file");
  const paths = new Set(files.map(({ path }) => path));
  const folders = files.flatMap(({ path }) => folderOf(path, root) ?? []);
  const directory = await mkdtemp(join(tmpdir(), "coldstream-stash-"));
  try {
    const include = [`/${listFile}`, `/*/${descriptionFile}`].map((name) => `${escapePattern(root)}${name}`);
    await repository.extract(entry.id, { include, target: directory }, { signal });
    const read = (path: string) => readFile(join(directory, root, path), "utf8").catch(() => undefined);
    const listed = readList(entry, await read(listFile));
    const manifests: Manifest[] = [];
    const failed: { stream: string; reason: string }[] = [];
    for (const stream of [...new Set([...folders, ...listed])].toSorted()) {
      const found = describeStream(stream, await read(join(stream, descriptionFile)), {
        hasArchive: paths.has(`${root}/${stream}/${archiveFile}`),
      });
      if (typeof found === "string") failed.push({ stream, reason: found });
      else manifests.push(found);
    }
    return { entry, index: indexOf(entry, manifests, failed), manifests };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The same manifests, of dumps by Stash with what their archives hold. The archives are read from beginning to end. */
export async function surveyStreams(
  repository: Repository,
  { stash, id }: SnapshotEntry,
  manifests: readonly Manifest[],
  { signal, parallel }: { readonly signal: AbortSignal; readonly parallel: number },
): Promise<readonly Manifest[]> {
  if (stash === undefined) return manifests;
  const survey = async (manifest: Manifest) =>
    isSurveyed(manifest)
      ? manifest
      : await surveyArchive(manifest, () => repository.dump(id, archivePath(stash, manifest), { signal }));
  return await pMap(manifests, survey, { concurrency: parallel });
}

export function archivePath({ root }: Stash, { folder }: Manifest): string {
  return `${root}/${folder}/${archiveFile}`;
}

function isSurveyed({ digest }: Manifest): boolean {
  return digest !== "";
}

/** The name of the folder directly in the dump that a file lies in. */
function folderOf(path: string, root: string): string | undefined {
  if (!path.startsWith(`${root}/`)) return undefined;
  const [folder, file] = path.slice(root.length + 1).split("/");
  return file === undefined ? undefined : folder;
}

/** restic takes these signs in a pattern for more than themselves. */
function escapePattern(path: string): string {
  return path.replaceAll(/[\\*?[\]]/g, "\\$&");
}

function readList({ shortId }: SnapshotEntry, text: string | undefined): readonly string[] {
  const list = StreamList.safeParse(text === undefined ? undefined : parseOrNot(text));
  if (list.success) return list.data ?? [];
  const what = text === undefined ? "is missing" : "is no list of names";
  throw new Failure("damaged", `opening snapshot ${shortId}, made by Stash: its ${listFile} ${what}`);
}

/** The stream as the file beside its archive describes it, or what is wrong. */
function describeStream(
  stream: string,
  text: string | undefined,
  { hasArchive }: { readonly hasArchive: boolean },
): Manifest | string {
  if (text === undefined && !hasArchive) return "it is listed, and its folder is missing";
  if (!hasArchive) return `its ${archiveFile} is missing`;
  if (text === undefined) return `its ${descriptionFile} is missing`;
  const described = Description.safeParse(parseOrNot(text));
  if (!described.success) return `its ${descriptionFile} is not what the nats CLI writes: the dump was interrupted`;
  const { config, state: reference } = described.data;
  const state = StreamState.safeParse(reference);
  const name = StreamConfig.safeParse(config);
  if (!state.success || !name.success) return `its ${descriptionFile} is not what the nats CLI writes`;
  if (name.data.name !== stream) return `its ${descriptionFile} is of stream ${name.data.name}`;
  return {
    format: 1n,
    stream,
    folder: stream,
    created: unsetTime,
    config,
    server: { name: "", version: "" },
    strategy: "snapshot",
    why: "the server's snapshot, dumped by Stash",
    consistency: "exact",
    kept: 0n,
    rounds: 0n,
    reference,
    state: {
      messages: state.data.messages,
      bytes: state.data.bytes,
      firstSequence: state.data.first_seq,
      lastSequence: state.data.last_seq,
      firstTime: state.data.first_ts,
      lastTime: state.data.last_ts,
    },
    live: [],
    digest: "",
    indexDigest: "",
    segments: [],
    tombstones: null,
    consumers: [],
  };
}

function indexOf(
  { time }: SnapshotEntry,
  manifests: readonly Manifest[],
  failed: OpenedSnapshot["index"]["failed"],
): OpenedSnapshot["index"] {
  return {
    format: 1n,
    time: time.toISOString(),
    server: { name: "", version: "" },
    target: "",
    invoker: "",
    complete: failed.length === 0,
    streams: manifests.map(({ stream, folder }) => ({ stream, folder, manifest: "" })),
    failed,
  };
}

function parseOrNot(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
