import pMap from "p-map";
import { Failure } from "../kit/failures.ts";
import type { JetStream } from "../nats/jetstream.ts";
import { restoreStream } from "../nats/restore.ts";
import { checkServerVersion, listStreams } from "../nats/streams.ts";
import type { Repository } from "../repository/restic.ts";
import { ArchiveSource } from "./archive-source.ts";
import { type OpenedSnapshot, openSnapshot, type SnapshotEntry } from "./catalog.ts";
import { configChanges } from "./config-changes.ts";
import {
  type DecidedStream,
  decideStream,
  openedSnapshot,
  type PlannedStream,
  type RestorePlan,
  type RestoreWishes,
} from "./plan.ts";
import { type Running, timeOf } from "./progress.ts";
import { byStream, gather, noteFailure, type StoredFile, storedFiles } from "./stored-file.ts";
import { checkVerifiable, verifyRestored } from "./verify.ts";

export interface RestoreRequest extends RestoreWishes {
  readonly jetstream: JetStream;
  /** A connection of its own for one stream: the server reads chunks in that connection's read loop. */
  readonly connectAgain: () => Promise<JetStream>;
  readonly repository: Repository;
  readonly snapshot: SnapshotEntry;
  /** Empty: all of the snapshot. */
  readonly streams: readonly string[];
  /** Streams restored at the same time. */
  readonly parallel: number;
}

export type RestoredStream =
  | {
      readonly outcome: "restored";
      readonly stream: string;
      readonly as: string;
      readonly messages: bigint;
      readonly bytes: number;
      readonly consumers: number;
      readonly digest: string;
      readonly notes: readonly string[];
    }
  | { readonly outcome: "skipped"; readonly stream: string; readonly reason: string }
  | { readonly outcome: "failed"; readonly stream: string; readonly failure: Failure };

export interface RestoreReport {
  readonly snapshot: SnapshotEntry;
  readonly streams: readonly RestoredStream[];
  readonly durationMs: number;
}

/** What a restore would do; nothing is changed. Throws stream-not-found, snapshot-not-found, not-available-yet. */
export async function planRestore(request: RestoreRequest, running: Running): Promise<RestorePlan> {
  refuseOverwrite(request);
  const { jetstream, repository, snapshot } = request;
  const { serverName, serverVersion } = jetstream.connection;
  checkServerVersion(jetstream.connection);
  const opened = await openSnapshot(repository, snapshot, running);
  const decided = await decide(request, opened, running);
  const streams = [
    ...decided.map(({ config: _config, manifest: _manifest, ...planned }) => planned),
    ...leftOut(request, opened).map(({ stream, reason }): PlannedStream => {
      const nothing = { isConflict: false, messages: 0n, bytes: 0, consumers: 0, notes: [] };
      return { ...nothing, stream, as: stream, action: "skip", reason: `it is not in the snapshot: ${reason}` };
    }),
  ];
  return { snapshot, server: serverName, serverVersion, streams, [openedSnapshot]: opened };
}

/**
 * Restores what the plan says. Throws conflict or plan-refused, before anything is changed, when a stream is refused.
 * Each stream is checked against the manifest while it is sent and compared with the server afterwards.
 */
export async function restore(request: RestoreRequest, plan: RestorePlan, running: Running): Promise<RestoreReport> {
  const started = timeOf(running);
  const refused = plan.streams.filter(({ action }) => action === "refuse");
  if (refused.length > 0) throw refusal(refused);
  // decided again on what the server has now; a stream that appeared since the plan is refused, nothing was changed yet
  const decided = await decide(request, plan[openedSnapshot], running);
  const refusedNow = decided.filter(({ action }) => action === "refuse");
  if (refusedNow.length > 0) throw refusal(refusedNow);
  const wanted = decided.filter(({ action }) => action === "restore");
  const restored = await restoreAll(request, wanted, running);
  const byName = new Map(restored.map((result) => [result.stream, result]));
  const streams = decided.map(
    ({ stream, reason }): RestoredStream => byName.get(stream) ?? { outcome: "skipped", stream, reason: reason ?? "" },
  );
  for (const { stream, reason } of leftOut(request, plan[openedSnapshot])) {
    const message = `restoring ${stream}: it is not in snapshot ${request.snapshot.shortId}: ${reason}`;
    const hint = "choose another snapshot for it: see coldstream snapshots";
    streams.push({ outcome: "failed", stream, failure: new Failure("snapshot-incomplete", message, { hint }) });
  }
  return { snapshot: request.snapshot, streams, durationMs: timeOf(running).getTime() - started.getTime() };
}

/** Who wants all of a snapshot wants these too: their backup failed. */
function leftOut({ streams }: RestoreRequest, { index }: OpenedSnapshot): OpenedSnapshot["index"]["failed"] {
  return streams.length === 0 ? index.failed : [];
}

function refuseOverwrite({ onConflict }: RestoreRequest): void {
  if (onConflict !== "overwrite") return;
  throw new Failure("not-available-yet", "restoring over existing streams comes in a later version", {
    hint: "restore beside them with --on-conflict rename, or delete them first",
  });
}

async function decide(request: RestoreRequest, opened: OpenedSnapshot, running: Running): Promise<DecidedStream[]> {
  const { jetstream, snapshot, streams, renames } = request;
  const known = new Map(opened.manifests.map((manifest) => [manifest.stream, manifest]));
  const unknown = [...streams, ...renames.keys()].find((stream) => !known.has(stream));
  if (unknown !== undefined) {
    throw new Failure(
      "stream-not-found",
      `restoring from snapshot ${snapshot.shortId}: stream ${unknown} is not in it`,
      {
        hint: `list what is there with: coldstream show ${snapshot.shortId}`,
      },
    );
  }
  const view = { streams: await listStreams(jetstream, { signal: running.signal }), now: timeOf(running) };
  const chosen =
    streams.length === 0 ? opened.manifests : opened.manifests.filter(({ stream }) => streams.includes(stream));
  return refuseSharedNames(chosen.map((manifest) => decideStream(manifest, view, request)));
}

/** Two streams of one restore that would get the same name are both refused. */
function refuseSharedNames(decided: readonly DecidedStream[]): DecidedStream[] {
  const counts = Map.groupBy(decided, ({ as }) => as);
  return decided.map((one) =>
    (counts.get(one.as)?.length ?? 0) > 1
      ? { ...one, action: "refuse", isConflict: false, reason: `two streams would be named ${one.as}` }
      : one,
  );
}

function refusal(refused: readonly PlannedStream[]): Failure {
  const [first] = refused;
  const isConflict = refused.every((stream) => stream.isConflict);
  const others = refused.length > 1 ? ` (and ${refused.length - 1} more)` : "";
  return new Failure(
    isConflict ? "conflict" : "plan-refused",
    `restoring ${first?.stream}: ${first?.reason}${others}; nothing was changed`,
  );
}

/** Up to this many streams each get a dump of their own, side by side; more are read in one pass over the snapshot. */
const mostDumps = 16;

async function restoreAll(
  request: RestoreRequest,
  wanted: readonly DecidedStream[],
  running: Running,
): Promise<RestoredStream[]> {
  const { repository, snapshot, parallel } = request;
  const { signal } = running;
  if (wanted.length <= mostDumps) {
    return await pMap(
      wanted,
      async (one) => {
        const dump = repository.dump(snapshot.id, `/streams/${one.manifest.folder}`, { signal });
        return await restoreOne(request, one, storedFiles(dump, `streams/${one.manifest.folder}/`), running);
      },
      { concurrency: parallel },
    );
  }
  return await restoreInOnePass(request, wanted, running);
}

/** In one pass, streams up to this size are read whole before they are restored; `parallel` of them at a time. */
const smallBytes = 8 * 1024 * 1024;

/**
 * One dump for all: it gives stream after stream. Small ones are taken out of it, so that several are restored at the
 * same time (each costs some round trips and file operations); a large one is passed on while it is read.
 */
async function restoreInOnePass(
  request: RestoreRequest,
  wanted: readonly DecidedStream[],
  running: Running,
): Promise<RestoredStream[]> {
  const { repository, snapshot, parallel } = request;
  const { signal } = running;
  const results: RestoredStream[] = [];
  const left = new Map(wanted.map((one) => [one.manifest.folder, one]));
  const active = new Set<Promise<void>>();
  let broken: Failure | undefined;
  const dump = storedFiles(repository.dump(snapshot.id, "/streams", { signal }), "streams/");
  const files = noteFailure(dump, (failure) => {
    broken = failure;
  });
  try {
    for await (const { folder, own } of byStream(files)) {
      const one = left.get(folder);
      if (one === undefined) continue;
      const isSmall = one.bytes <= smallBytes;
      const source = isSmall ? await gather(own) : own;
      left.delete(folder);
      const task = restoreOne(request, one, source, running).then((result) => void results.push(result));
      active.add(task);
      task.finally(() => active.delete(task)).catch(() => {});
      if (!isSmall) await task;
      if (active.size >= parallel) await Promise.race(active);
    }
  } catch (error) {
    signal.throwIfAborted();
    broken ??= Failure.from(error);
  } finally {
    await Promise.allSettled(active);
  }
  for (const { stream } of left.values()) {
    const missing = `reading stream ${stream} from the repository: its folder is missing`;
    results.push({ outcome: "failed", stream, failure: broken ?? new Failure("damaged", missing) });
  }
  return results;
}

async function restoreOne(
  request: RestoreRequest,
  one: DecidedStream,
  files: AsyncIterable<StoredFile>,
  running: Running,
): Promise<RestoredStream> {
  const { stream, as, config, manifest, bytes } = one;
  const dropped: string[] = [];
  try {
    const own = await request.connectAgain();
    await using _connection = own.connection;
    await checkVerifiable(own, as, running);
    const source = new ArchiveSource({ manifest, config });
    const onProgress = (bytesDone: number) =>
      running.onProgress?.({ step: "restoring", stream, bytesDone, bytesTotal: bytes });
    const info = await restoreStream(own, { config }, source.frames(files), {
      signal: running.signal,
      dropped,
      onProgress,
    });
    const { samples, withTtl } = source;
    const notes = await verifyRestored(own, { manifest, config, info, samples, withTtl }, running);
    running.onProgress?.({ step: "restored", stream, messages: info.state.messages, bytes });
    const fields = configChanges(config, info.config, dropped);
    const { consumers } = manifest;
    return {
      outcome: "restored",
      stream,
      as,
      messages: info.state.messages,
      bytes,
      consumers: consumers.length,
      digest: manifest.digest,
      notes: [...one.notes, ...fields, ...notes],
    };
  } catch (error) {
    running.signal.throwIfAborted();
    const failure = Failure.from(error);
    running.onProgress?.({ step: "stream-failed", stream, failure });
    return { outcome: "failed", stream, failure };
  }
}
