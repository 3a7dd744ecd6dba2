import { Failure } from "../kit/failures.ts";
import { pause } from "./abort.ts";
import { aheadBytes } from "./ahead.ts";
import { openChunkFeed } from "./chunk-feed.ts";
import { ArchiveDecoder, type ArchiveEvent } from "./codec/archive.ts";
import { type JetStream, nameToken } from "./jetstream.ts";
import { StreamInfo } from "./stream.ts";
import { isVersion } from "./streams.ts";

/** What the server says before the first chunk. The state is that of the moment; an archive may hold more or less. */
const SnapshotAnswer = StreamInfo.pick({ config: true, state: true });
export type SnapshotReply = Pick<StreamInfo, "config" | "state">;

export interface SnapshotOptions {
  readonly signal?: AbortSignal | undefined;
  /** Give up when the server is silent this long: a killed server sends no end. Default 20,000. */
  readonly idleTimeoutMs?: number;
  /** At most 1 MiB; default 64 KiB. A reader that stalls costs one chunk of memory every 0.9 s. */
  readonly chunkBytes?: number;
  /** What the server may send ahead; default 2 MiB. Servers before 2.12.5 and 2.14 take no such wish: always 8 MiB. */
  readonly windowBytes?: number;
  /** Let the server check every message before it sends (V1 only; takes long). */
  readonly check?: boolean;
  readonly noConsumers?: boolean;
  /** How long to try again while another snapshot of the stream runs. Default 10,000. */
  readonly busyRetryMs?: number;
  /** Called before the first chunk. */
  onReply?(reply: SnapshotReply): void;
}

/**
 * Reads the snapshot of a stream as the server sends it: `onChunk` gets the pieces of one S2 stream in order, one at a
 * time, and may take its time. Resolves after the server's end marker and the last `onChunk`: no chunk that was
 * acknowledged is missing, yet only the content can prove the archive whole (`readStreamSnapshot`).
 * Failures: stream-not-found, snapshot-busy, storage-unsupported, snapshot-aborted, snapshot-incomplete, timed-out,
 * and what `connection.request` or `onChunk` throws.
 */
export async function readSnapshot(
  js: JetStream,
  stream: string,
  onChunk: (chunk: Uint8Array) => void | Promise<void>,
  options: SnapshotOptions = {},
): Promise<SnapshotReply> {
  const { busyRetryMs = 10_000, signal } = options;
  const giveUp = performance.now() + busyRetryMs;
  for (;;) {
    try {
      return await readOnce(js, stream, onChunk, options);
    } catch (error) {
      // after an aborted snapshot the server keeps its lock for seconds
      if (!Failure.is(error, "snapshot-busy") || performance.now() >= giveUp) throw error;
      await pause(busyPauseMs, { signal });
    }
  }
}

/**
 * Reads a snapshot as what it holds (see `ArchiveEvent` for the order). When this resolves the archive is whole: the
 * server ended it well, no byte is damaged or missing. Besides the failures of `readSnapshot`: damaged, server-too-old.
 */
export async function readStreamSnapshot(
  js: JetStream,
  stream: string,
  onEvent: (event: ArchiveEvent) => void | Promise<void>,
  options: SnapshotOptions = {},
): Promise<SnapshotReply> {
  const decoder = new ArchiveDecoder(stream);
  const pass = async (events: Iterable<ArchiveEvent>) => {
    for (const event of events) {
      const taken = onEvent(event);
      if (taken !== undefined) await taken;
    }
  };
  const reply = await readSnapshot(js, stream, (chunk) => pass(decoder.push(chunk)), options);
  await pass(decoder.end());
  return reply;
}

const busyPauseMs = 400;
const checkTimeoutMs = 600_000;
const replyTimeoutMs = 60_000;

async function readOnce(
  js: JetStream,
  stream: string,
  onChunk: (chunk: Uint8Array) => void | Promise<void>,
  options: SnapshotOptions,
): Promise<SnapshotReply> {
  const { signal, idleTimeoutMs = 20_000, check = false } = options;
  using feed = openChunkFeed(js.connection, nameToken(stream), { signal, idleTimeoutMs });
  const body = requestBody(js.connection.serverVersion, feed.inbox, options);
  const timeoutMs = check ? checkTimeoutMs : replyTimeoutMs;
  const call = { schema: SnapshotAnswer, timeoutMs, signal, dropped: [] };
  const reply = await Promise.race([js.request(`STREAM.SNAPSHOT.${stream}`, body, call), feed.failed]);
  options.onReply?.(reply);
  feed.start();
  for (;;) {
    const chunk = await feed.next();
    if (chunk === undefined) return reply;
    const taken = onChunk(chunk);
    if (taken !== undefined) await taken;
  }
}

function requestBody(serverVersion: string, inbox: string, options: SnapshotOptions): Record<string, unknown> {
  const { chunkBytes = 65_536, windowBytes = aheadBytes, check = false, noConsumers = false } = options;
  return {
    deliver_subject: inbox,
    chunk_size: chunkBytes,
    ...(knowsWindow(serverVersion) ? { window_size: windowBytes } : {}),
    ...(check ? { jsck: true } : {}),
    ...(noConsumers ? { no_consumers: true } : {}),
  };
}

/** `window_size` came with 2.12.5 and 2.14.0; strict servers before refuse it. */
function knowsWindow(version: string): boolean {
  return isVersion(version, [2, 14, 0]) || (isVersion(version, [2, 12, 5]) && version.startsWith("2.12."));
}
