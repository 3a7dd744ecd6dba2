import { Failure } from "../kit/failures.ts";
import type { JsonObject } from "../kit/json.ts";
import { parseTime } from "../kit/time.ts";
import { consumerFiles, metaFiles } from "../nats/codec/archive.ts";
import { ArchiveWriter } from "../nats/codec/archive-writer.ts";
import { BlockBuilder, type BlockRecord, readRecords, recordKey, reseal } from "../nats/codec/record.ts";
import type { StoredMessage } from "../nats/message.ts";
import { StreamDigest } from "./digest.ts";
import { liveOf, type Manifest, stateFromManifest } from "./manifest.ts";
import { hasTtl, type Sample, sampleOf } from "./sample.ts";
import { AscendingMembership } from "./sequence-set.ts";
import type { StreamBlock } from "./stream-blocks.ts";

export interface ArchiveRequest {
  readonly manifest: Manifest;
  /** The configuration to restore with; its name decides the checksums' keys. */
  readonly config: JsonObject;
  /** Messages that follow the stream's own, above its last sequence. */
  readonly following?: readonly StoredMessage[];
}

/**
 * Turns stored blocks into the V1 archive that every server restores. Count, order and digest of the live messages must
 * be those of the manifest; on any doubt it throws `damaged` before the archive is complete, and the server keeps nothing.
 */
export class ArchiveSource {
  readonly #manifest: Manifest;
  readonly #config: JsonObject;
  readonly #name: string;
  readonly #following: readonly StoredMessage[];
  readonly #digest = new StreamDigest();
  readonly #isLive: AscendingMembership;
  readonly #samples: Sample[] = [];
  #withTtl = 0n;
  #number = 0n;

  constructor({ manifest, config, following = [] }: ArchiveRequest) {
    this.#manifest = manifest;
    this.#config = config;
    this.#name = String(config.name);
    this.#following = following;
    this.#isLive = new AscendingMembership(liveOf(manifest));
  }

  /** The first and last message of every block, known once `frames` ended. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** How many of the messages have a time to live, known once `frames` ended. */
  get withTtl(): bigint {
    return this.#withTtl;
  }

  /** Whole S2 frames. */
  async *frames(blocks: AsyncIterable<StreamBlock>): AsyncGenerator<Uint8Array> {
    const writer = new ArchiveWriter();
    for (const [name, bytes] of metaFiles(this.#config, this.#manifest.created)) yield* writer.entry(name, bytes);
    for await (const given of blocks) {
      const block = this.#block(given);
      if (block !== undefined) yield* writer.entry(`msgs/${given.number}.blk`, block);
    }
    this.#finish();
    const end = this.#endBlock();
    if (end !== undefined) yield* writer.entry(`msgs/${this.#number}.blk`, end);
    for (const consumer of this.#manifest.consumers) {
      const stored = { ...consumer, state: stateFromManifest(consumer.state) };
      for (const [name, bytes] of consumerFiles(this.#name, stored)) yield* writer.entry(name, bytes);
    }
    yield* writer.end();
  }

  /** Reads all without sending it anywhere: the same checks, the same samples. */
  async verify(blocks: AsyncIterable<StreamBlock>): Promise<void> {
    for await (const given of blocks) this.#keep(given);
    this.#finish();
  }

  /** The block as the server shall have it: without dead records, sealed for the stream's name; undefined if empty. */
  #block(given: StreamBlock): Uint8Array | undefined {
    const { stream, bytes, number } = given;
    const { kept, records } = this.#keep(given);
    if (kept.length === 0) return undefined;
    const key = () => recordKey(this.#name, number);
    if (kept.length === records) return this.#name === stream ? bytes : reseal(bytes, key());
    const builder = new BlockBuilder();
    for (const record of kept) builder.addRecord(bytes, record);
    return builder.seal(key());
  }

  #keep({ number, bytes }: StreamBlock): { readonly kept: readonly BlockRecord[]; readonly records: number } {
    if (number <= this.#number) throw this.#damaged(`block ${number} follows block ${this.#number}`);
    this.#number = number;
    const kept: BlockRecord[] = [];
    let records = 0;
    for (const record of readRecords(bytes)) {
      records++;
      if (record.kind !== "message" || !this.#isLive.has(record.sequence)) continue;
      kept.push(record);
      this.#digest.add(record);
      if (hasTtl(record)) this.#withTtl++;
    }
    const [first, last] = [kept[0], kept.at(-1)];
    if (first !== undefined && last !== undefined)
      for (const record of first === last ? [first] : [first, last]) this.#samples.push(sampleOf(record));
    return { kept, records };
  }

  #finish(): void {
    const { digest, state } = this.#manifest;
    const { messages } = this.#digest;
    if (messages !== state.messages)
      throw this.#damaged(`${messages} messages were read, ${state.messages} were stored`);
    if (this.#digest.finish() !== digest)
      throw this.#damaged("the messages are not those that were stored (the digest differs)");
  }

  /** What follows; else, where deletes or an empty stream end above the last message, a lone tombstone carries the last sequence. */
  #endBlock(): Uint8Array | undefined {
    const { state, live } = this.#manifest;
    const needsEnd = state.lastSequence > (live.at(-1)?.[1] ?? 0n);
    if (this.#following.length === 0 && !needsEnd) return undefined;
    this.#number++;
    const builder = new BlockBuilder();
    for (const message of this.#following) builder.add(message);
    if (this.#following.length === 0) builder.addTombstone(state.lastSequence, parseTime(state.lastTime));
    return builder.seal(recordKey(this.#name, this.#number));
  }

  #damaged(what: string): Failure {
    return new Failure("damaged", `reading stream ${this.#manifest.stream}: ${what}`);
  }
}
