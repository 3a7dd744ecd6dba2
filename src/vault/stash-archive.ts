import { z } from "zod";
import { describe, Failure } from "../kit/failures.ts";
import { type JsonObject, parseJson } from "../kit/json.ts";
import { formatTime } from "../kit/time.ts";
import { ArchiveDecoder, type ArchiveEvent } from "../nats/codec/archive.ts";
import { type BlockRecord, readRecords, recordBytes } from "../nats/codec/record.ts";
import type { StoredConsumer } from "../nats/stream.ts";
import { archivedConsumers } from "./consumers.ts";
import { StreamDigest } from "./digest.ts";
import type { Manifest } from "./manifest.ts";
import { AscendingMembership, SequenceSet } from "./sequence-set.ts";
import { BlockMaker, type StreamBlock } from "./stream-blocks.ts";

/** Reads an archive from its beginning. */
export type OpenArchive = () => AsyncIterable<Uint8Array>;

/** The blocks of an archive as a server sent it (V1 or V2), proven whole when they end. */
export async function* archiveBlocks(archive: AsyncIterable<Uint8Array>, stream: string): AsyncGenerator<StreamBlock> {
  const maker = new BlockMaker(stream);
  for await (const event of archiveEvents(archive, stream)) {
    const block = maker.take(event);
    if (block !== undefined) yield block;
  }
  const last = maker.end();
  if (last !== undefined) yield last;
}

async function* archiveEvents(archive: AsyncIterable<Uint8Array>, stream: string): AsyncGenerator<ArchiveEvent> {
  const decoder = new ArchiveDecoder(stream);
  for await (const chunk of archive) yield* decoder.push(chunk);
  yield* decoder.end();
}

/**
 * What an archive holds, read through from its beginning to its end: `described` is what the file beside it says of the
 * stream. Throws `damaged` when a checksum, the order or the end is not right.
 */
export async function surveyArchive(described: Manifest, open: OpenArchive): Promise<Manifest> {
  const { stream } = described;
  try {
    const survey = new Survey(described);
    for await (const event of archiveEvents(open(), stream)) survey.take(event);
    const found = survey.finish();
    const digest = found.digest ?? (await digestOf(archiveBlocks(open(), stream), found.live));
    return describeFound(described, { ...found, digest });
  } catch (error) {
    const isCut = error instanceof RangeError || Failure.is(error, "snapshot-incomplete", "snapshot-aborted");
    if (!isCut) throw error;
    throw new Failure("damaged", `reading the dump of stream ${stream}: ${describe(error)}`, { cause: error });
  }
}

interface Found {
  readonly live: SequenceSet;
  /** Unknown when deletes follow what they delete. */
  readonly digest: string | undefined;
  readonly bytes: bigint;
  /** The last sequence, and the time that goes with it. */
  readonly lastSequence: bigint;
  readonly lastTime: string;
  readonly config: JsonObject | undefined;
  readonly consumers: ReadonlyMap<string, StoredConsumer>;
}

/** Collects what is live in an archive: its records, less those that deletes in it or in the description name. */
class Survey {
  readonly #maker: BlockMaker;
  readonly #firstSequence: bigint;
  readonly #captured = new SequenceSet();
  readonly #dead: bigint[];
  readonly #digest = new StreamDigest();
  #lastSequence: bigint;
  #lastTime: string;
  #bytes = 0n;
  #config: JsonObject | undefined;

  constructor({ stream, state, reference }: Manifest) {
    this.#maker = new BlockMaker(stream);
    this.#firstSequence = state.firstSequence;
    this.#lastSequence = state.lastSequence;
    this.#lastTime = state.lastTime;
    const { deleted } = reference;
    this.#dead = Array.isArray(deleted) ? deleted.filter((one) => typeof one === "bigint") : [];
  }

  take(event: ArchiveEvent): void {
    if (event.kind === "meta") this.#config = Meta.parse(parseJson(event.text));
    const block = this.#maker.take(event);
    if (block !== undefined) this.#read(block);
  }

  finish(): Found {
    const block = this.#maker.end();
    if (block !== undefined) this.#read(block);
    const live = this.#captured.minus(setOf(this.#dead));
    return {
      live,
      digest: live.count === this.#digest.messages ? this.#digest.finish() : undefined,
      bytes: this.#bytes,
      lastSequence: this.#lastSequence,
      lastTime: this.#lastTime,
      config: this.#config,
      consumers: this.#maker.consumers,
    };
  }

  #read({ bytes }: StreamBlock): void {
    for (const record of readRecords(bytes)) {
      if (record.kind !== "message") this.#dead.push(record.sequence);
      else if (record.sequence >= this.#firstSequence) this.#add(record);
      if (record.sequence <= this.#lastSequence) continue;
      this.#lastSequence = record.sequence;
      this.#lastTime = formatTime(record.timestamp);
    }
  }

  #add(record: BlockRecord): void {
    this.#captured.add(record.sequence);
    this.#digest.add(record);
    this.#bytes += BigInt(recordBytes(record));
  }
}

const Meta = z.custom<JsonObject>((value) => typeof value === "object" && value !== null && !Array.isArray(value));

function setOf(sequences: readonly bigint[]): SequenceSet {
  const set = new SequenceSet();
  for (const sequence of sequences.toSorted((a, b) => (a < b ? -1 : 1)))
    if (sequence > (set.last ?? -1n)) set.add(sequence);
  return set;
}

async function digestOf(blocks: AsyncIterable<StreamBlock>, live: SequenceSet): Promise<string> {
  const digest = new StreamDigest();
  const isLive = new AscendingMembership(live);
  for await (const { bytes } of blocks) {
    for (const record of readRecords(bytes))
      if (record.kind === "message" && isLive.has(record.sequence)) digest.add(record);
  }
  return digest.finish();
}

/** V1 archives hold the server's own configuration; the description lacks the fields that its writer did not know. */
function describeFound(described: Manifest, found: Found & { readonly digest: string }): Manifest {
  const { live, lastSequence, lastTime, bytes, digest } = found;
  const { Created: created, ...config } = found.config ?? described.config;
  const { state } = described;
  const isExact = live.count === state.messages && lastSequence === state.lastSequence;
  return {
    ...described,
    config,
    created: typeof created === "string" ? created : described.created,
    consistency: isExact ? "exact" : "fuzzy",
    state: {
      ...state,
      messages: live.count,
      bytes,
      firstSequence: live.first ?? state.firstSequence,
      lastSequence,
      lastTime,
    },
    live: [...live.ranges()].map(([first, last]) => [first, last]),
    digest,
    consumers: archivedConsumers(found.consumers, lastSequence),
  };
}
