import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import pMap from "p-map";
import { describe, Failure } from "../kit/failures.ts";
import { writeJson } from "../kit/json.ts";
import type { JetStream } from "../nats/jetstream.ts";
import { StreamConfig } from "../nats/stream.ts";
import { checkServerVersion, listStreams, streamInfo } from "../nats/streams.ts";
import { snapshotTags } from "../repository/published.ts";
import type { Repository } from "../repository/restic.ts";
import { capture } from "./capture.ts";
import { folderName } from "./folder.ts";
import { type Manifest, type SnapshotIndex, writeManifest } from "./manifest.ts";
import { type Running, timeOf } from "./progress.ts";
import { writeNew } from "./segment-writer.ts";
import { selectStreams } from "./selection.ts";
import { sortStreams } from "./swap-leftovers.ts";
import { type StoredCounts, upload } from "./upload.ts";

export interface BackupRequest {
  readonly jetstream: JetStream;
  readonly repository: Repository;
  /** Empty: every stream of the account. */
  readonly streams: readonly string[];
  /** What is backed up, for people and for retention. */
  readonly target: string;
  readonly invoker: string;
  /** restic's host of the published snapshot. */
  readonly host: string;
  /** Streams captured at the same time. */
  readonly parallel: number;
  /** An existing folder; a folder of its own is made in it and removed at the end. */
  readonly stagingDirectory: string;
  /** Make the repository when there is none. */
  readonly initialize: boolean;
}

export type StreamReport =
  | {
      readonly outcome: "saved";
      readonly stream: string;
      readonly messages: bigint;
      readonly bytes: number;
      readonly firstSequence: bigint;
      readonly lastSequence: bigint;
      readonly consumers: number;
      readonly consistency: "exact" | "fuzzy";
      readonly rounds: number;
      readonly digest: string;
      readonly notes: readonly string[];
    }
  | { readonly outcome: "failed"; readonly stream: string; readonly failure: Failure };

export interface BackupReport {
  readonly snapshot: string;
  readonly shortId: string;
  readonly time: Date;
  /** Whether every selected stream is in it. */
  readonly complete: boolean;
  readonly streams: readonly StreamReport[];
  readonly bytesRead: number;
  readonly bytesAdded: number;
  readonly stored: StoredCounts;
  readonly durationMs: number;
  readonly repositoryCreated: boolean;
  readonly notes: readonly string[];
}

export interface PlannedCapture {
  readonly stream: string;
  readonly messages: bigint;
  readonly bytes: bigint;
  readonly consumers: number;
  readonly storage: "file" | "memory";
}

/** What a backup would save; nothing is changed. Throws stream-not-found. */
export async function planBackup(request: BackupRequest, { signal }: Running): Promise<PlannedCapture[]> {
  checkServerVersion(request.jetstream.connection);
  const { jetstream, streams } = request;
  const selection = await selectStreams(jetstream, streams, { signal });
  const infos =
    streams.length === 0
      ? sortStreams(await listStreams(jetstream, { signal })).streams
      : await pMap(selection.streams, (stream) => streamInfo(jetstream, stream, { signal }), { concurrency: 8 });
  return infos.map(({ config, state }) => ({
    stream: StreamConfig.parse(config).name,
    messages: state.messages,
    bytes: state.bytes,
    consumers: Number(state.consumer_count),
    storage: StreamConfig.parse(config).storage,
  }));
}

/**
 * Captures the streams, stores them as one snapshot and publishes it. A stream that fails is reported and the others
 * are stored, as an incomplete snapshot. Throws when nothing could be stored.
 */
export async function backup(request: BackupRequest, running: Running): Promise<BackupReport> {
  const { repository, jetstream, target, invoker, host } = request;
  const started = timeOf(running);
  checkServerVersion(jetstream.connection);
  const selection = await selectStreams(jetstream, request.streams, running);
  const repositoryCreated = await ensureRepository(repository, request.initialize, running.signal);
  const staging = await mkdtemp(join(request.stagingDirectory, "coldstream-staging-"));
  try {
    const captured = await captureAll(request, selection.streams, staging, running);
    const results: CaptureResult[] = [...captured, ...selection.away];
    const saved = results.flatMap((result) => (result.manifest === undefined ? [] : [result.manifest]));
    const failed = results.flatMap((result) => (result.failure === undefined ? [] : [result]));
    const complete = failed.length === 0;
    if (saved.length === 0) throw nothingSaved(failed);
    const { serverName, serverVersion } = jetstream.connection;
    const index: SnapshotIndex = {
      format: 1n,
      time: started.toISOString(),
      server: { name: serverName, version: serverVersion },
      target,
      invoker,
      complete,
      streams: saved.map((manifest) => ({
        stream: manifest.stream,
        folder: manifest.folder,
        manifest: createHash("sha256").update(writeManifest(manifest)).digest("hex"),
      })),
      failed: failed.map(({ stream, failure }) => ({ stream, reason: describe(failure) })),
    };
    await writeNew(join(staging, "coldstream.json"), writeJson(index, 1));
    const tags = snapshotTags({ target, invoker, complete, streams: request.streams });
    const uploaded = await upload({ repository, directory: staging, tags, host, time: started }, running);
    return {
      snapshot: uploaded.snapshot,
      shortId: uploaded.snapshot.slice(0, 8),
      time: started,
      complete,
      streams: results.map(toReport),
      bytesRead: saved.reduce((sum, manifest) => sum + Number(manifest.state.bytes), 0),
      bytesAdded: uploaded.bytesAdded,
      stored: uploaded.stored,
      durationMs: timeOf(running).getTime() - started.getTime(),
      repositoryCreated,
      notes: [...selection.notes, ...uploaded.notes],
    };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function ensureRepository(repository: Repository, initialize: boolean, signal: AbortSignal): Promise<boolean> {
  if ((await repository.probe({ signal })) === "present") return false;
  if (!initialize)
    throw new Failure("repository-absent", `backing up: there is no repository at ${repository.url}`, {
      hint: "make one with: coldstream init, or add --init",
    });
  await repository.initialize({ signal });
  return true;
}

type CaptureResult =
  | { readonly stream: string; readonly manifest: Manifest; readonly failure?: undefined }
  | { readonly stream: string; readonly failure: Failure; readonly manifest?: undefined };

async function captureAll(
  { jetstream, parallel }: BackupRequest,
  selection: readonly string[],
  staging: string,
  running: Running,
): Promise<CaptureResult[]> {
  const { signal } = running;
  const results = await pMap(
    selection,
    async (stream): Promise<CaptureResult> => {
      try {
        signal.throwIfAborted();
        const manifest = await capture(jetstream, stream, staging, running);
        const { messages, bytes } = manifest.state;
        running.onProgress?.({ step: "captured", stream, messages, bytes: Number(bytes) });
        return { stream, manifest };
      } catch (error) {
        const failure = Failure.from(error);
        await rm(join(staging, "streams", folderName(stream)), { recursive: true, force: true });
        if (!signal.aborted) running.onProgress?.({ step: "stream-failed", stream, failure });
        return { stream, failure };
      }
    },
    { concurrency: parallel },
  );
  // only now: each of them has ended, and writes no more into the folder that is removed next
  signal.throwIfAborted();
  return results;
}

function nothingSaved(failed: readonly { readonly stream: string; readonly failure: Failure | undefined }[]): Failure {
  const [first] = failed;
  const cause = first?.failure;
  const message =
    failed.length === 1
      ? `backing up ${first?.stream}`
      : `backing up: all ${failed.length} streams failed, first ${first?.stream}`;
  return new Failure(cause?.code ?? "backup-failed", message, {
    cause,
    ...(cause?.hint === undefined ? {} : { hint: cause.hint }),
  });
}

function toReport(result: CaptureResult): StreamReport {
  if (result.failure !== undefined) return { outcome: "failed", stream: result.stream, failure: result.failure };
  const { manifest } = result;
  const fuzzy =
    manifest.kept === 0n
      ? "messages were removed faster than they could be read: it is no state of one moment"
      : `${manifest.kept} keys changed too fast to read their newest revision; an older one of the same backup was kept`;
  return {
    outcome: "saved",
    stream: manifest.stream,
    messages: manifest.state.messages,
    bytes: Number(manifest.state.bytes),
    firstSequence: manifest.state.firstSequence,
    lastSequence: manifest.state.lastSequence,
    consumers: manifest.consumers.length,
    consistency: manifest.consistency,
    rounds: Number(manifest.rounds),
    digest: manifest.digest,
    notes: [
      ...(manifest.consistency === "fuzzy" ? [fuzzy] : []),
      ...manifest.consumers.flatMap(({ name, notes }) => notes.map((note) => `consumer ${name}: ${note}`)),
    ],
  };
}
