import { createHash } from "node:crypto";
import { Failure } from "../kit/failures.ts";
import type { JsonObject } from "../kit/json.ts";
import { parseTime } from "../kit/time.ts";
import { consumerFiles, metaFiles } from "../nats/codec/archive.ts";
import { ArchiveWriter } from "../nats/codec/archive-writer.ts";
import { BlockBuilder, type BlockRecord, readRecords, recordKey, reseal } from "../nats/codec/record.ts";
import { StreamDigest } from "./digest.ts";
import { liveOf, type Manifest, type Segment, stateFromManifest } from "./manifest.ts";
import { hasTtl, type Sample, sampleOf } from "./sample.ts";
import { AscendingMembership } from "./sequence-set.ts";
import type { StoredFile } from "./stored-file.ts";

export interface ArchiveRequest {
  readonly manifest: Manifest;
  /** The configuration to restore with; its name decides the checksums' keys. */
  readonly config: JsonObject;
}

/**
 * Turns stored segments into the V1 archive that every server restores. Everything is checked on the way: each
 * file's SHA-256, the ascending order, and at the end the stream's digest; on any doubt it throws `damaged` before the
 * archive is complete, and the server keeps nothing.
 */
export class ArchiveSource {
  readonly #manifest: Manifest;
  readonly #config: JsonObject;
  readonly #name: string;
  readonly #segments: Map<string, Segment>;
  readonly #digest = new StreamDigest();
  readonly #isLive: AscendingMembership;
  readonly #samples: Sample[] = [];
  #withTtl = 0n;
  #next = 0;

  constructor({ manifest, config }: ArchiveRequest) {
    this.#manifest = manifest;
    this.#config = config;
    this.#name = String(config.name);
    this.#segments = new Map(manifest.segments.map((segment) => [segment.file, segment]));
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

  /** Whole S2 frames. `files` must come in the order of their paths; files other than segments are passed over. */
  async *frames(files: AsyncIterable<StoredFile>): AsyncGenerator<Uint8Array> {
    const writer = new ArchiveWriter();
    for (const [name, bytes] of metaFiles(this.#config, this.#manifest.created)) yield* writer.entry(name, bytes);
    for await (const file of files) {
      if (!file.path.startsWith("segments/")) continue;
      const segment = this.#expect(file);
      const block = this.#block(segment, file.bytes);
      if (block !== undefined) yield* writer.entry(`msgs/${segment.number}.blk`, block);
    }
    this.#finish();
    const end = this.#endBlock();
    if (end !== undefined) yield* writer.entry(`msgs/${end.number}.blk`, end.bytes);
    for (const consumer of this.#manifest.consumers) {
      const stored = { ...consumer, state: stateFromManifest(consumer.state) };
      for (const [name, bytes] of consumerFiles(this.#name, stored)) yield* writer.entry(name, bytes);
    }
    yield* writer.end();
  }

  #expect(file: StoredFile): Segment {
    const segment = this.#segments.get(file.path);
    const expected = this.#manifest.segments[this.#next];
    if (segment === undefined || segment !== expected) {
      throw this.#damaged(`${file.path} comes where ${expected?.file ?? "no more segment"} was expected`);
    }
    this.#next++;
    if (createHash("sha256").update(file.bytes).digest("hex") !== segment.sha256) {
      throw this.#damaged(`${file.path} is not what was stored (its SHA-256 differs)`);
    }
    return segment;
  }

  /** The segment as the server shall have it: without dead records, sealed for the stream's name; undefined if empty. */
  #block(segment: Segment, bytes: Uint8Array): Uint8Array | undefined {
    const kept: BlockRecord[] = [];
    let records = 0;
    for (const record of readRecords(bytes)) {
      records++;
      if (!this.#isLive.has(record.sequence)) continue;
      kept.push(record);
      this.#digest.add(record);
      if (hasTtl(record)) this.#withTtl++;
    }
    const [first, last] = [kept[0], kept.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    for (const record of first === last ? [first] : [first, last]) this.#samples.push(sampleOf(record));
    const key = () => recordKey(this.#name, segment.number);
    if (kept.length === records) return this.#name === this.#manifest.stream ? bytes : reseal(bytes, key());
    const builder = new BlockBuilder();
    for (const record of kept) builder.addRecord(bytes, record);
    return builder.seal(key());
  }

  #finish(): void {
    const { segments, digest, state } = this.#manifest;
    const missing = segments[this.#next];
    if (missing !== undefined) throw this.#damaged(`${missing.file} is missing`);
    const { messages } = this.#digest;
    if (messages !== state.messages)
      throw this.#damaged(`${messages} messages were read, ${state.messages} were stored`);
    if (this.#digest.finish() !== digest)
      throw this.#damaged("the messages are not those that were stored (the digest differs)");
  }

  /** Where deletes or an empty stream end above the last message, a lone tombstone carries the last sequence. */
  #endBlock(): { readonly number: bigint; readonly bytes: Uint8Array } | undefined {
    const { state, segments, live } = this.#manifest;
    if (state.lastSequence <= (live.at(-1)?.[1] ?? 0n)) return undefined;
    const number = (segments.at(-1)?.number ?? 0n) + 1n;
    const builder = new BlockBuilder();
    builder.addTombstone(state.lastSequence, parseTime(state.lastTime));
    return { number, bytes: builder.seal(recordKey(this.#name, number)) };
  }

  #damaged(what: string): Failure {
    return new Failure("damaged", `reading stream ${this.#manifest.stream} from the repository: ${what}`);
  }
}
