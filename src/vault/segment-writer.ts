import { createHash } from "node:crypto";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Failure } from "../kit/failures.ts";
import { BlockBuilder, type BlockRecord, blockLimitBytes, readRecords, recordKey } from "../nats/codec/record.ts";
import type { StoredMessage } from "../nats/message.ts";
import type { Segment } from "./manifest.ts";
import { SequenceSet } from "./sequence-set.ts";

/** Files of segments in one folder; unchanged folders are reused by restic. */
const filesPerFolder = 256;

/** Where a segment lies in its stream's folder. Names sort as numbers do, so a tar of the folder is in order. */
export function segmentFile(index: number, number: bigint, sha256: string): string {
  const folder = Math.floor(index / filesPerFolder)
    .toString()
    .padStart(5, "0");
  return `segments/${folder}/${number.toString().padStart(12, "0")}-${sha256.slice(0, 16)}.blk`;
}

/**
 * Writes messages as sealed segments into a stream's staging folder and remembers which sequences are there.
 * Messages and blocks must come in ascending order; `insert` mends holes afterwards.
 */
export class SegmentWriter {
  readonly #directory: string;
  readonly #stream: string;
  readonly #builder = new BlockBuilder();
  readonly #segments: Segment[] = [];
  #captured = new SequenceSet();
  #bytes = 0;

  constructor(directory: string, stream: string) {
    this.#directory = directory;
    this.#stream = stream;
  }

  get captured(): SequenceSet {
    return this.#captured;
  }

  get last(): bigint {
    return this.#captured.last ?? 0n;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Bytes of records taken so far. */
  get bytes(): number {
    return this.#bytes + this.#builder.size;
  }

  get mustFlush(): boolean {
    return this.#builder.size >= blockLimitBytes;
  }

  /** Takes one message; the caller calls `flush` when `mustFlush` says so. */
  add(message: StoredMessage): void {
    this.#captured.add(message.sequence);
    this.#builder.add(message);
  }

  /**
   * Takes a server's block. It is kept byte for byte when every record in it is a live message, else built again
   * from those for which `isLive` holds. Tombstones and erased records are never kept.
   */
  async addBlock(number: bigint, bytes: Uint8Array, isLive: (sequence: bigint) => boolean): Promise<void> {
    await this.flush();
    const before = this.#segments.at(-1);
    if (before !== undefined && number <= before.number) {
      throw new Failure(
        "snapshot-incomplete",
        `reading the snapshot of ${this.#stream}: block ${number} follows block ${before.number}`,
      );
    }
    const kept: BlockRecord[] = [];
    let records = 0;
    for (const record of readRecords(bytes)) {
      records++;
      if (record.kind === "message" && isLive(record.sequence)) kept.push(record);
    }
    if (kept.length === 0) return;
    for (const record of kept) this.#captured.add(record.sequence);
    if (kept.length === records) {
      await this.#write(number, bytes, kept);
      return;
    }
    const builder = new BlockBuilder();
    for (const record of kept) builder.addRecord(bytes, record);
    await this.#write(number, builder.seal(recordKey(this.#stream, number)), kept);
  }

  /** Seals and writes what was added since the last segment. */
  async flush(): Promise<void> {
    const { firstSequence, lastSequence, messages } = this.#builder;
    if (firstSequence === undefined || lastSequence === undefined) return;
    const number = (this.#segments.at(-1)?.number ?? 0n) + 1n;
    const bytes = this.#builder.seal(recordKey(this.#stream, number));
    await this.#store({ number, first: firstSequence, last: lastSequence, messages: BigInt(messages) }, bytes);
  }

  /** Puts a message between those that are there, by writing its segment again under the same number. */
  async insert(message: StoredMessage): Promise<void> {
    await this.flush();
    const following = this.#segments.findIndex((segment) => segment.last > message.sequence);
    const segment = this.#segments[following];
    if (segment === undefined) {
      this.add(message);
      return;
    }
    const old = await readFile(join(this.#directory, segment.file));
    const key = recordKey(this.#stream, segment.number);
    const builder = new BlockBuilder();
    let isPlaced = false;
    for (const record of readRecords(old)) {
      if (!isPlaced && record.sequence > message.sequence) {
        builder.add(message);
        isPlaced = true;
      }
      builder.addRecord(old, record);
    }
    const first = message.sequence < segment.first ? message.sequence : segment.first;
    this.#captured = this.#captured.or(SequenceSet.of([[message.sequence, message.sequence]]));
    await rm(join(this.#directory, segment.file));
    const written = { number: segment.number, first, last: segment.last, messages: segment.messages + 1n };
    await this.#store(written, builder.seal(key), following);
  }

  /** Takes away what lies above `last`: messages that came after the moment that is stored. */
  async trimAfter(last: bigint): Promise<void> {
    await this.flush();
    for (
      let segment = this.#segments.at(-1);
      segment !== undefined && segment.last > last;
      segment = this.#segments.at(-1)
    ) {
      const path = join(this.#directory, segment.file);
      const bytes = await readFile(path);
      await rm(path);
      this.#segments.pop();
      const kept = [...readRecords(bytes)].filter((record) => record.sequence <= last);
      const builder = new BlockBuilder();
      for (const record of kept) builder.addRecord(bytes, record);
      if (kept.length > 0)
        await this.#write(segment.number, builder.seal(recordKey(this.#stream, segment.number)), kept);
    }
    this.#captured = this.#captured.minus(SequenceSet.of([[last + 1n, this.last > last ? this.last : last + 1n]]));
  }

  async #write(number: bigint, bytes: Uint8Array, records: readonly BlockRecord[]): Promise<void> {
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined) return;
    const range = { number, first: first.sequence, last: last.sequence, messages: BigInt(records.length) };
    await this.#store(range, bytes);
  }

  async #store(
    range: Pick<Segment, "number" | "first" | "last" | "messages">,
    bytes: Uint8Array,
    index = this.#segments.length,
  ): Promise<void> {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const file = segmentFile(index, range.number, sha256);
    await writeNew(join(this.#directory, file), bytes);
    this.#bytes += bytes.length - Number(this.#segments[index]?.bytes ?? 0n);
    this.#segments[index] = { file, ...range, sha256, bytes: BigInt(bytes.length) };
  }
}

/** Writes a file that must not exist yet, and its folder. */
export async function writeNew(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(bytes);
}
