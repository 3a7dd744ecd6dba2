import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../kit/failures.ts";
import type { JsonObject } from "../kit/json.ts";
import { parseTime } from "../kit/time.ts";
import { consumerFiles, metaFiles } from "../nats/codec/archive.ts";
import { BlockBuilder, readRecords, recordKey } from "../nats/codec/record.ts";
import type { JetStream } from "../nats/jetstream.ts";
import { readStreamSnapshot } from "../nats/snapshot.ts";
import { type StoredConsumer, StreamConfig, type StreamInfo } from "../nats/stream.ts";
import { streamInfo } from "../nats/streams.ts";
import { listSettledConsumers } from "./consumer-list.ts";
import { decideConsumers, keepLasting } from "./consumers.ts";
import { StreamDigest } from "./digest.ts";
import { folderName } from "./folder.ts";
import {
  indexDigest,
  type Manifest,
  type ManifestConsumer,
  type Segment,
  stateFromManifest,
  writeManifest,
} from "./manifest.ts";
import type { Running } from "./progress.ts";
import { infoWithDeleted } from "./reference.ts";
import { type Settled, settle } from "./rounds.ts";
import { SegmentWriter, segmentFile, writeNew } from "./segment-writer.ts";
import { AscendingMembership, SequenceSet } from "./sequence-set.ts";

/** Consumers that a capture makes for itself begin with this; they are never stored. */
export const readerPrefix = "coldstream-reader-";

interface Bulk {
  readonly strategy: Manifest["strategy"];
  readonly why: string;
  readonly consumers: ReadonlyMap<string, StoredConsumer>;
}

/**
 * Captures one stream into `staging/streams/<folder>`: segments, what an archive needs besides, manifest.json.
 * What is stored equals the stream at one stated moment, or the manifest says `fuzzy`.
 */
export async function capture(
  jetstream: JetStream,
  stream: string,
  staging: string,
  running: Running,
): Promise<Manifest> {
  const { signal } = running;
  const before = await infoWithDeleted(jetstream, stream, { signal });
  const listedBefore = await listSettledConsumers(jetstream, stream, { signal });
  const folder = folderName(stream);
  const directory = join(staging, "streams", folder);
  const writer = new SegmentWriter(directory, stream);
  const bytesTotal = Number(before.state.bytes);
  const report = () => running.onProgress?.({ step: "capturing", stream, bytesDone: writer.bytes, bytesTotal });
  report();
  const bulk = await captureBulk(jetstream, before, writer, { signal, report });
  const listed = await listSettledConsumers(jetstream, stream, { signal });
  const readerName = `${readerPrefix}${crypto.randomUUID()}`;
  const settled = await settle(jetstream, before, writer, {
    signal,
    directory,
    readerName,
    onMessage: everyNth(1000, report),
  });
  const lastSequence = settled.info.state.last_seq;
  await writer.trimAfter(lastSequence);
  const named = listed.filter((consumer) => !consumer.name.startsWith(readerPrefix));
  const archived = keepLasting(bulk.consumers, listedBefore, named);
  const consumers = decideConsumers(archived, named, { lastSequence, isClustered: before.cluster != null });
  const stored = await digestStaged(directory, writer.segments, settled.live);
  const tombstones = await writeTombstones(directory, stream, { writer, dead: stored.dead, settled });
  const manifest = describeStream({
    jetstream,
    before,
    folder,
    bulk,
    writer,
    settled,
    consumers,
    tombstones,
    digest: stored.digest,
  });
  await writeFiles(directory, manifest);
  return manifest;
}

/** The bulk of a stream: its snapshot, except for memory streams on servers that cannot give one. */
async function captureBulk(
  jetstream: JetStream,
  before: StreamInfo,
  writer: SegmentWriter,
  { signal, report }: { readonly signal: AbortSignal; readonly report: () => void },
): Promise<Bulk> {
  const stream = String(before.config.name);
  const consumers = new Map<string, StoredConsumer>();
  const { state } = before;
  const liveBefore = SequenceSet.without(state.first_seq, state.last_seq, state.deleted ?? []);
  const membership = new AscendingMembership(liveBefore);
  const isLive = (sequence: bigint) => sequence > state.last_seq || membership.has(sequence);
  try {
    await readStreamSnapshot(
      jetstream,
      stream,
      async (event) => {
        if (event.kind === "block") await writer.addBlock(event.number, event.bytes, isLive);
        if (event.kind === "message" && isLive(event.message.sequence)) {
          writer.add(event.message);
          if (writer.mustFlush) await writer.flush();
        }
        if (event.kind === "consumer") consumers.set(event.consumer.name, event.consumer);
        report();
      },
      { signal },
    );
    return { strategy: "snapshot", why: "the whole stream, from the server's snapshot", consumers };
  } catch (error) {
    if (!Failure.is(error, "storage-unsupported")) throw await explainLost(jetstream, before, { error, signal });
    return {
      strategy: "messages",
      why: "this server gives no snapshots of memory streams: read message by message",
      consumers,
    };
  }
}

/** A server whose stream goes away during its snapshot just falls silent: then that is what is said. */
async function explainLost(
  jetstream: JetStream,
  before: StreamInfo,
  { error, signal }: { readonly error: unknown; readonly signal: AbortSignal },
): Promise<unknown> {
  if (!Failure.is(error, "timed-out", "snapshot-aborted", "snapshot-incomplete", "damaged")) return error;
  const stream = String(before.config.name);
  try {
    const { created } = await streamInfo(jetstream, stream, { signal });
    if (created === before.created) return error;
  } catch (reason) {
    if (!Failure.is(reason, "stream-not-found")) return error;
  }
  return new Failure("stream-changed", `capturing ${stream}: it was deleted meanwhile`, { cause: error });
}

/** Reads back what was staged, as a restore will: its digest, and which captured sequences are not live. */
async function digestStaged(
  directory: string,
  segments: readonly Segment[],
  live: SequenceSet,
): Promise<{ readonly digest: string; readonly dead: SequenceSet }> {
  const digest = new StreamDigest();
  const dead = new SequenceSet();
  const isLive = new AscendingMembership(live);
  for (const segment of segments) {
    const bytes = await readFile(join(directory, segment.file));
    if (createHash("sha256").update(bytes).digest("hex") !== segment.sha256) {
      throw new Failure("damaged", `reading back ${segment.file} from the staging folder: its content changed`);
    }
    for (const record of readRecords(bytes)) {
      if (isLive.has(record.sequence)) digest.add(record);
      else dead.add(record.sequence);
    }
  }
  if (digest.messages !== live.count) {
    throw new Failure(
      "snapshot-incomplete",
      `capturing: ${live.count} messages exist and ${digest.messages} were captured`,
    );
  }
  return { digest: digest.finish(), dead };
}

/** The block that makes an archive of the segments complete: it deletes dead records and carries the last sequence. */
async function writeTombstones(
  directory: string,
  stream: string,
  { writer, dead, settled }: { readonly writer: SegmentWriter; readonly dead: SequenceSet; readonly settled: Settled },
): Promise<Segment | null> {
  const { last_seq: lastSequence, last_ts: lastTime } = settled.info.state;
  const needsEnd = lastSequence > (settled.live.last ?? 0n);
  if (!needsEnd && dead.count === 0n) return null;
  const number = (writer.segments.at(-1)?.number ?? 0n) + 1n;
  const timestamp = parseTime(lastTime);
  const builder = new BlockBuilder();
  for (const [first, last] of dead.ranges()) {
    for (let sequence = first; sequence <= last; sequence++)
      if (sequence !== lastSequence) builder.addTombstone(sequence, timestamp);
  }
  if (needsEnd) builder.addTombstone(lastSequence, timestamp);
  const bytes = builder.seal(recordKey(stream, number));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const file = segmentFile(0, number, sha256).replace(/^segments\/\d+\//, "tombstones/");
  await writeNew(join(directory, file), bytes);
  return { file, number, sha256, bytes: BigInt(bytes.length), messages: 0n, first: lastSequence, last: lastSequence };
}

interface Described {
  readonly jetstream: JetStream;
  readonly before: StreamInfo;
  readonly folder: string;
  readonly bulk: Bulk;
  readonly writer: SegmentWriter;
  readonly settled: Settled;
  readonly consumers: ManifestConsumer[];
  readonly tombstones: Segment | null;
  readonly digest: string;
}

function describeStream(parts: Described): Manifest {
  const { settled, writer, bulk } = parts;
  const { config, state, created } = settled.info;
  const { deleted: _deleted, ...reference } = state;
  const { serverName, serverVersion } = parts.jetstream.connection;
  return {
    format: 1n,
    stream: StreamConfig.parse(config).name,
    folder: parts.folder,
    created,
    config,
    server: { name: serverName, version: serverVersion },
    strategy: bulk.strategy,
    why: bulk.why,
    consistency: settled.consistency,
    kept: settled.kept,
    rounds: BigInt(settled.rounds),
    reference: reference as JsonObject,
    state: {
      messages: settled.live.count,
      bytes: writer.segments.reduce((sum, segment) => sum + segment.bytes, 0n),
      firstSequence: settled.live.first ?? state.first_seq,
      lastSequence: state.last_seq,
      firstTime: state.first_ts,
      lastTime: state.last_ts,
    },
    live: [...settled.live.ranges()].map(([first, last]) => [first, last]),
    digest: parts.digest,
    indexDigest: indexDigest(writer.segments, settled.live, state.last_seq),
    segments: [...writer.segments],
    tombstones: parts.tombstones,
    consumers: parts.consumers,
  };
}

async function writeFiles(directory: string, manifest: Manifest): Promise<void> {
  for (const [name, bytes] of metaFiles(manifest.config, manifest.created))
    await writeNew(join(directory, name), bytes);
  for (const consumer of manifest.consumers) {
    const stored = { ...consumer, state: stateFromManifest(consumer.state) };
    for (const [name, bytes] of consumerFiles(manifest.stream, stored)) {
      await writeNew(join(directory, "obs", consumer.folder, name.slice(name.lastIndexOf("/") + 1)), bytes);
    }
  }
  await writeNew(join(directory, "manifest.json"), writeManifest(manifest));
}

function everyNth(count: number, act: () => void): () => void {
  let calls = 0;
  return () => {
    calls++;
    if (calls % count === 0) act();
  };
}
