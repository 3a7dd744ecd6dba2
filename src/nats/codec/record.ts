import { Failure } from "../../kit/failures.ts";
import type { StoredMessage } from "../message.ts";
import { type HighwayHash64, namedHash } from "./highway-hash.ts";

/*
 * Message blocks as the server's file store writes them (server/filestore.go), little endian:
 *   0 length of the record, bit 31: has headers | 4 sequence, bit 63: erased, bit 62: tombstone | 12 timestamp
 *   20 length of the subject | 22 subject | with headers: 4 bytes length, header block | payload | checksum, 8 bytes
 * The checksum covers bytes 4..19, subject, header block and payload as one run of bytes: where the subject ends and
 * the header ends it does not cover. In a snapshot the S2 frames' CRCs do.
 */
const sequenceOffset = 4;
const timestampOffset = 12;
const subjectLengthOffset = 20;
const subjectOffset = 22;
const checksumBytes = 8;
const emptyRecordBytes = subjectOffset + checksumBytes;

const headersBit = 0x80000000;
const erasedBit = 1n << 63n;
const tombstoneBit = 1n << 62n;
const sequenceMask = tombstoneBit - 1n;

/** The server takes longer records for damage (`rlBadThresh`). */
const maxRecordBytes = 32 * 1024 * 1024;
const maxSubjectBytes = 0xffff;

/** Where a block is closed, as the server does for streams with limits retention. One longer record may exceed it. */
export const blockLimitBytes = 8_000_000;

/** One record of a block. The byte arrays are views of the block. */
export interface BlockRecord extends StoredMessage {
  /** `erased`: was overwritten when deleted. `tombstone`: says that `sequence` is deleted, here or in an earlier block. */
  readonly kind: "message" | "erased" | "tombstone";
  /** Where the record lies in its block, in bytes, checksum included. */
  readonly offset: number;
  readonly length: number;
}

/** What seals the records of block `number`: a record is valid in its stream and block only. */
export function recordKey(stream: string, number: bigint): HighwayHash64 {
  return namedHash(`${stream}-${number}`);
}

/** Bytes the message takes in a block. */
export function recordBytes(message: StoredMessage): number {
  const { subject, header, payload } = message;
  return emptyRecordBytes + subject.length + (header.length > 0 ? 4 + header.length : 0) + payload.length;
}

/** The records of a block in order. Checksums are compared when `verify` is given. Throws Failure("damaged"), naming the offset. */
export function* readRecords(block: Uint8Array, verify?: HighwayHash64): Generator<BlockRecord> {
  const view = viewOf(block);
  for (let offset = 0; offset < block.length; ) {
    const length = frame(view, offset);
    if (verify !== undefined && !isSealed(block, view, offset, length, verify)) throw badChecksum(offset);
    yield readRecord(block, view, offset, length);
    offset += length;
  }
}

/** Checks every record's checksum and returns their number. Throws Failure("damaged"), naming the offset. */
export function verifyRecords(block: Uint8Array, key: HighwayHash64): number {
  const view = viewOf(block);
  let records = 0;
  for (let offset = 0; offset < block.length; records++) {
    const length = frame(view, offset);
    if (!isSealed(block, view, offset, length, key)) throw badChecksum(offset);
    offset += length;
  }
  return records;
}

/** A copy of `block` with checksums for another stream or number. The old ones are not looked at. Throws Failure("damaged"). */
export function reseal(block: Uint8Array, key: HighwayHash64): Uint8Array {
  const copy = new Uint8Array(block);
  sealRecords(copy, key);
  return copy;
}

/** Collects records for one block. Messages must come in ascending order: the server drops those that do not. */
export class BlockBuilder {
  #bytes = Buffer.alloc(64 * 1024);
  #size = 0;
  #messages = 0;
  #first: bigint | undefined;
  #last: bigint | undefined;

  /** Bytes of the records so far. */
  get size(): number {
    return this.#size;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Of the messages; tombstones and erased records do not count. */
  get firstSequence(): bigint | undefined {
    return this.#first;
  }

  get lastSequence(): bigint | undefined {
    return this.#last;
  }

  /** Throws Failure("damaged") when the message is not above the last one, or exceeds what a record can hold. */
  add(message: StoredMessage): void {
    const { sequence, subject, header, payload } = message;
    const length = recordBytes(message);
    if (length > maxRecordBytes || subject.length > maxSubjectBytes) {
      throw new Failure("damaged", `message ${sequence} is larger than a server can store (${length} bytes)`);
    }
    this.#count(sequence);
    const start = this.#begin(header.length > 0 ? (length | headersBit) >>> 0 : length, length);
    this.#writeHead(start, sequence, message.timestamp, subject.length);
    this.#bytes.set(subject, start + subjectOffset);
    let at = start + subjectOffset + subject.length;
    if (header.length > 0) {
      this.#bytes.writeUInt32LE(header.length, at);
      this.#bytes.set(header, at + 4);
      at += 4 + header.length;
    }
    this.#bytes.set(payload, at);
  }

  /** Copies a record of `block` as it is. Throws Failure("damaged") like `add`. */
  addRecord(block: Uint8Array, record: BlockRecord): void {
    if (record.kind === "message") this.#count(record.sequence);
    const { offset, length } = record;
    this.#reserve(length);
    this.#bytes.set(block.subarray(offset, offset + length), this.#size);
    this.#size += length;
  }

  /** Records that `sequence` is deleted. Alone in the last block it also carries a stream's last sequence and time. */
  addTombstone(sequence: bigint, timestamp: bigint): void {
    const start = this.#begin(emptyRecordBytes, emptyRecordBytes);
    this.#writeHead(start, sequence | tombstoneBit, timestamp, 0);
  }

  /** The block with its checksums; the builder is empty afterwards. */
  seal(key: HighwayHash64): Uint8Array {
    const block = new Uint8Array(this.#bytes.subarray(0, this.#size));
    this.#size = 0;
    this.#messages = 0;
    this.#first = undefined;
    this.#last = undefined;
    sealRecords(block, key);
    return block;
  }

  #count(sequence: bigint): void {
    if (sequence < 1n || sequence > sequenceMask || (this.#last !== undefined && sequence <= this.#last)) {
      throw new Failure("damaged", `message ${sequence} follows message ${this.#last ?? 0n}`);
    }
    this.#first ??= sequence;
    this.#last = sequence;
    this.#messages++;
  }

  #begin(lengthField: number, length: number): number {
    this.#reserve(length);
    const start = this.#size;
    this.#bytes.writeUInt32LE(lengthField, start);
    this.#size += length;
    return start;
  }

  #writeHead(start: number, sequence: bigint, timestamp: bigint, subjectLength: number): void {
    this.#bytes.writeBigUInt64LE(sequence, start + sequenceOffset);
    this.#bytes.writeBigInt64LE(timestamp, start + timestampOffset);
    this.#bytes.writeUInt16LE(subjectLength, start + subjectLengthOffset);
  }

  #reserve(length: number): void {
    const needed = this.#size + length;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }
}

function viewOf(block: Uint8Array): DataView {
  return new DataView(block.buffer, block.byteOffset, block.byteLength);
}

/** The length of the record at `offset`, which then lies within the block, its subject and header length within it. */
function frame(view: DataView, offset: number): number {
  const room = view.byteLength - offset;
  if (room < emptyRecordBytes)
    throw new Failure("damaged", `record at offset ${offset}: ${room} bytes cannot hold one`);
  const field = view.getUint32(offset, true);
  const length = field & ~headersBit;
  const subjectBytes = view.getUint16(offset + subjectLengthOffset, true);
  const bodyBytes = length - emptyRecordBytes - subjectBytes;
  if (bodyBytes < 0 || length > room || length > maxRecordBytes) {
    throw new Failure("damaged", `record at offset ${offset}: its length, ${length} bytes, cannot be`);
  }
  if (field >= headersBit && !hasRoomForHeader(view, offset + subjectOffset + subjectBytes, bodyBytes)) {
    throw new Failure("damaged", `record at offset ${offset}: its header exceeds it`);
  }
  return length;
}

/** The header's length is not covered by the checksum, so this is the only check that it gets. */
function hasRoomForHeader(view: DataView, at: number, bodyBytes: number): boolean {
  return bodyBytes >= 4 && view.getUint32(at, true) <= bodyBytes - 4;
}

function hashRecord(block: Uint8Array, view: DataView, offset: number, length: number, hash: HighwayHash64): void {
  const subjectEnd = offset + subjectOffset + view.getUint16(offset + subjectLengthOffset, true);
  const hasHeader = view.getUint32(offset, true) >= headersBit;
  hash.update(block, offset + sequenceOffset, offset + subjectLengthOffset);
  hash.update(block, offset + subjectOffset, subjectEnd);
  hash.update(block, hasHeader ? subjectEnd + 4 : subjectEnd, offset + length - checksumBytes);
}

function isSealed(block: Uint8Array, view: DataView, offset: number, length: number, key: HighwayHash64): boolean {
  hashRecord(block, view, offset, length, key);
  return key.matches(block, offset + length - checksumBytes);
}

function sealRecords(block: Uint8Array, key: HighwayHash64): void {
  const view = viewOf(block);
  for (let offset = 0; offset < block.length; ) {
    const length = frame(view, offset);
    hashRecord(block, view, offset, length, key);
    key.write(block, offset + length - checksumBytes);
    offset += length;
  }
}

function readRecord(block: Uint8Array, view: DataView, offset: number, length: number): BlockRecord {
  const flagged = view.getBigUint64(offset + sequenceOffset, true);
  const sequence = flagged & sequenceMask;
  const subjectEnd = offset + subjectOffset + view.getUint16(offset + subjectLengthOffset, true);
  const hasHeader = view.getUint32(offset, true) >= headersBit;
  const headerStart = hasHeader ? subjectEnd + 4 : subjectEnd;
  const headerEnd = hasHeader ? headerStart + view.getUint32(subjectEnd, true) : subjectEnd;
  return {
    kind: kindOf(flagged),
    sequence,
    timestamp: view.getBigInt64(offset + timestampOffset, true),
    subject: block.subarray(offset + subjectOffset, subjectEnd),
    header: block.subarray(headerStart, headerEnd),
    payload: block.subarray(headerEnd, offset + length - checksumBytes),
    offset,
    length,
  };
}

/** As the server reads it: the tombstone bit first; sequence 0 is what old servers left of erased messages. */
function kindOf(flagged: bigint): BlockRecord["kind"] {
  if ((flagged & tombstoneBit) !== 0n) return "tombstone";
  return flagged === 0n || (flagged & erasedBit) !== 0n ? "erased" : "message";
}

function badChecksum(offset: number): Failure {
  return new Failure("damaged", `record at offset ${offset}: its checksum does not match its content`);
}
