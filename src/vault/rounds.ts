import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pMap from "p-map";
import { Failure } from "../kit/failures.ts";
import { readRecords } from "../nats/codec/record.ts";
import type { JetStream } from "../nats/jetstream.ts";
import { getLastMessage, getMessage, type MessageReader, openReader } from "../nats/messages.ts";
import { checkSubject } from "../nats/stored-message.ts";
import { StreamConfig, type StreamInfo } from "../nats/stream.ts";
import { type Reference, takeReference } from "./reference.ts";
import type { SegmentWriter } from "./segment-writer.ts";
import { AscendingMembership, SequenceSet } from "./sequence-set.ts";

/** No server gives a point in time: a capture ends when every sequence of one reference was captured, or after these. */
const mostRounds = 20;

export interface Settled {
  readonly info: StreamInfo;
  /** What exists in what was captured: the reference's sequences, and the kept revisions when fuzzy. */
  readonly live: SequenceSet;
  readonly consistency: "exact" | "fuzzy";
  /** Revisions kept although the reference has newer ones that were overwritten before they could be read. */
  readonly kept: bigint;
  readonly rounds: number;
}

export interface RoundsOptions {
  readonly signal: AbortSignal;
  readonly directory: string;
  readonly readerName: string;
  readonly onMessage?: () => void;
}

/** Reads what is missing until the captured sequences hold all that exist in one reference (design 4.2, rounds). */
export async function settle(
  jetstream: JetStream,
  before: StreamInfo,
  writer: SegmentWriter,
  options: RoundsOptions,
): Promise<Settled> {
  const { signal, readerName } = options;
  const stream = String(before.config.name);
  const from = writer.captured.last === undefined ? before.state.first_seq : writer.last + 1n;
  let reader: MessageReader | undefined;
  let missingBefore = new SequenceSet();
  let last: { reference: Reference; missing: SequenceSet } | undefined;
  try {
    for (let round = 1; round <= mostRounds; round++) {
      const reference = await takeReference(jetstream, stream, { signal, readerName: `${readerName}-headers` });
      if (reference === undefined) continue;
      refuseChanged(before, reference, writer);
      if (reference.live.minus(writer.captured).count > 0n) {
        reader ??= await openReader(jetstream, reference.info, from, { signal, consumerName: readerName });
        await readThrough(reader, reference.info.state.last_seq, writer, options);
        await fillHoles(jetstream, stream, missingBefore.and(reference.live.minus(writer.captured)), writer, signal);
      }
      const missing = reference.live.minus(writer.captured);
      if (missing.count === 0n) return { ...exact(reference), rounds: round };
      missingBefore = missing;
      last = { reference, missing };
    }
  } finally {
    await reader?.[Symbol.asyncDispose]();
  }
  if (last === undefined)
    throw new Failure(
      "snapshot-incomplete",
      `capturing ${stream}: its state could not be read in ${mostRounds} rounds`,
    );
  await writer.flush();
  return { ...(await keepOldRevisions(jetstream, last.reference, writer, options)), rounds: mostRounds };
}

function exact(reference: Reference): Omit<Settled, "rounds"> {
  return { info: reference.info, live: reference.live, consistency: "exact", kept: 0n };
}

function refuseChanged(before: StreamInfo, reference: Reference, writer: SegmentWriter): void {
  const { info } = reference;
  if (info.created === before.created && info.state.last_seq >= writer.last) return;
  throw new Failure(
    "stream-changed",
    `capturing ${String(info.config.name)}: the stream was recreated or reset meanwhile`,
  );
}

async function readThrough(
  reader: MessageReader,
  target: bigint,
  writer: SegmentWriter,
  { signal, onMessage }: RoundsOptions,
): Promise<void> {
  // messages arrive in one run of the event loop each; segments are written between them
  await reader.readThrough(
    target,
    async (message) => {
      if (message.sequence <= writer.last) return;
      writer.add(message);
      onMessage?.();
      if (writer.mustFlush) await writer.flush();
    },
    { signal },
  );
  await writer.flush();
}

/** What two references in a row have and the reader did not deliver is asked for by sequence. */
async function fillHoles(
  jetstream: JetStream,
  stream: string,
  holes: SequenceSet,
  writer: SegmentWriter,
  signal: AbortSignal,
): Promise<void> {
  for (const [first, last] of holes.ranges()) {
    for (let sequence = first; sequence <= last; sequence++) {
      const message = await getMessage(jetstream, stream, sequence, { signal });
      if (message !== undefined) await writer.insert(checkSubject(stream, message));
    }
  }
}

/**
 * The end of rounds that did not converge: what was removed before it could be read is not stored. Where new messages
 * take the place of old ones of their subject, the newest captured revision of every subject that has no captured live
 * message stays, so that no key is lost; it is a value that the key had during the capture. A subject that has no message
 * any more was deleted: nothing of it is brought back.
 */
async function keepOldRevisions(
  jetstream: JetStream,
  reference: Reference,
  writer: SegmentWriter,
  { directory, signal }: RoundsOptions,
): Promise<Omit<Settled, "rounds">> {
  const live = reference.live.and(writer.captured);
  const candidates = hasRevisions(reference.info) ? await newestDead(reference, live, { writer, directory }) : [];
  const stream = String(reference.info.config.name);
  const found = await pMap(
    candidates,
    async ([subject, sequence]) =>
      (await getLastMessage(jetstream, stream, subject, { signal })) === undefined ? [] : [sequence],
    { concurrency: 32 },
  );
  const kept = found.flat().sort((a, b) => (a < b ? -1 : 1));
  const keptSet = SequenceSet.of(kept.map((sequence) => [sequence, sequence] as const));
  return { info: reference.info, live: live.or(keptSet), consistency: "fuzzy", kept: keptSet.count };
}

/** Whether a new message removes old ones of its subject: buckets, and object stores (rollups). */
function hasRevisions({ config }: StreamInfo): boolean {
  return StreamConfig.parse(config).max_msgs_per_subject > 0n || config.allow_rollup_hdrs === true;
}

/** For every subject without a captured live message, the newest captured one. */
async function newestDead(
  reference: Reference,
  live: SequenceSet,
  { writer, directory }: { readonly writer: SegmentWriter; readonly directory: string },
): Promise<[subject: string, sequence: bigint][]> {
  const isLive = new AscendingMembership(live);
  const hasLive = new Set<string>();
  const newest = new Map<string, bigint>();
  for (const segment of writer.segments) {
    for (const record of readRecords(await readFile(join(directory, segment.file)))) {
      const subject = Buffer.from(record.subject).toString("utf8");
      if (isLive.has(record.sequence)) hasLive.add(subject);
      else if (record.sequence <= reference.info.state.last_seq) newest.set(subject, record.sequence);
    }
  }
  return [...newest].filter(([subject]) => !hasLive.has(subject));
}
