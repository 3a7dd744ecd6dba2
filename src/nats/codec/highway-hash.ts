import { createHash } from "node:crypto";

/*
 * HighwayHash-64 (github.com/google/highwayhash, c/highwayhash.c is the reference), the keyed checksum of NATS file
 * stores. The state is four rows of four 64-bit lanes. Each lane is two 32-bit words here, the low one first, because
 * BigInt arithmetic is some fifty times slower. Numbers below are the rows' first words.
 */
const v0 = 0;
const v1 = 8;
const mul0 = 16;
const mul1 = 24;

/** The reference's constants for mul0 and mul1 (digits of pi). */
const initialRows = Int32Array.of(
  ...[0xfe4cce2f, 0xdbe6d5d5, 0x299f31d0, 0xa4093822, 0x03707344, 0x13198a2e, 0x85a308d3, 0x243f6a88],
  ...[0xcb0ef593, 0x3bd39e10, 0xb5f18a8c, 0xc0acf169, 0x34e90c6c, 0xbe5466cf, 0x38d01377, 0x452821e6],
);

const packetBytes = 32;

/** 1 when the 32-bit addition a + b = sum overflowed. */
function carry(a: number, b: number, sum: number): number {
  return ((a & b) | ((a | b) & ~sum)) >>> 31;
}

/** The upper 32 bits of the unsigned product. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const other = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (other >>> 16)) | 0;
}

/** words[at] += (high, low), 64 bits. */
function addTo(words: Int32Array, at: number, low: number, high: number): void {
  const before = words[at] ?? 0;
  const sum = (before + low) | 0;
  words[at] = sum;
  words[at + 1] = ((words[at + 1] ?? 0) + high + carry(before, low, sum)) | 0;
}

/** words[at] ^= low(words[a]) * high(words[b]), 64 bits. */
function multiplyInto(words: Int32Array, at: number, a: number, b: number): void {
  const x = words[a] ?? 0;
  const y = words[b + 1] ?? 0;
  words[at] = (words[at] ?? 0) ^ Math.imul(x, y);
  words[at + 1] = (words[at + 1] ?? 0) ^ multiplyHigh(x, y);
}

function mixLane(words: Int32Array, lane: number, low: number, high: number): void {
  addTo(words, v1 + lane, words[mul0 + lane] ?? 0, words[mul0 + lane + 1] ?? 0);
  addTo(words, v1 + lane, low, high);
  multiplyInto(words, mul0 + lane, v1 + lane, v0 + lane);
  addTo(words, v0 + lane, words[mul1 + lane] ?? 0, words[mul1 + lane + 1] ?? 0);
  multiplyInto(words, mul1 + lane, v0 + lane, v1 + lane);
}

/** Adds the shuffled bytes of two neighbouring lanes at `from` to those at `to` (the reference's ZipperMergeAndAdd). */
function zipperMerge(words: Int32Array, from: number, to: number): void {
  const a = words[from] ?? 0;
  const b = words[from + 1] ?? 0;
  const c = words[from + 2] ?? 0;
  const d = words[from + 3] ?? 0;
  addTo(
    words,
    to,
    (a >>> 24) | ((d & 0xff) << 8) | (a & 0xff0000) | ((b & 0xff00) << 16),
    ((d >>> 16) & 0xff) | (a & 0xff00) | ((d >>> 8) & 0xff0000) | (a << 24),
  );
  addTo(
    words,
    to + 2,
    (c >>> 24) | ((b & 0xff) << 8) | (c & 0xff0000) | ((d & 0xff00) << 16),
    ((c >>> 8) & 0xff) | ((b >>> 8) & 0xff00) | ((c & 0xff) << 16) | (b & 0xff000000),
  );
}

function zipperMergeAll(words: Int32Array): void {
  zipperMerge(words, v1, v0);
  zipperMerge(words, v1 + 4, v0 + 4);
  zipperMerge(words, v0, v1);
  zipperMerge(words, v0 + 4, v1 + 4);
}

/** Takes in the 32 bytes at `at`. */
function absorb(words: Int32Array, view: DataView, at: number): void {
  mixLane(words, 0, view.getInt32(at, true), view.getInt32(at + 4, true));
  mixLane(words, 2, view.getInt32(at + 8, true), view.getInt32(at + 12, true));
  mixLane(words, 4, view.getInt32(at + 16, true), view.getInt32(at + 20, true));
  mixLane(words, 6, view.getInt32(at + 24, true), view.getInt32(at + 28, true));
  zipperMergeAll(words);
}

/** One of the four closing rounds: v0 itself goes in, lanes and halves swapped. */
function permute(words: Int32Array): void {
  const low = words[v0] ?? 0;
  const high = words[v0 + 1] ?? 0;
  const low2 = words[v0 + 2] ?? 0;
  const high2 = words[v0 + 3] ?? 0;
  mixLane(words, 0, words[v0 + 5] ?? 0, words[v0 + 4] ?? 0);
  mixLane(words, 2, words[v0 + 7] ?? 0, words[v0 + 6] ?? 0);
  mixLane(words, 4, high, low);
  mixLane(words, 6, high2, low2);
  zipperMergeAll(words);
}

/**
 * A keyed hash, usable for any number of digests: `update` parts, then read the result with `finish`, `matches` or `write`,
 * each of which ends this digest and begins the next. Not for concurrent use by two digests.
 */
export class HighwayHash64 {
  readonly #start = new Int32Array(32);
  readonly #words = new Int32Array(32);
  readonly #packet = new Uint8Array(packetBytes);
  readonly #packetView = new DataView(this.#packet.buffer);
  readonly #result = new Uint8Array(8);
  readonly #resultView = new DataView(this.#result.buffer);
  #pending = 0;
  #seen: Uint8Array = this.#packet;
  #seenView: DataView = this.#packetView;

  /** `key`: 32 bytes. Throws RangeError for any other length. */
  constructor(key: Uint8Array) {
    if (key.length !== 32) throw new RangeError(`a HighwayHash key has 32 bytes, not ${key.length}`);
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    this.#start.set(initialRows, mul0);
    for (let word = 0; word < 8; word++) {
      this.#start[v0 + word] = (initialRows[word] ?? 0) ^ view.getInt32(word * 4, true);
      this.#start[v1 + word] = (initialRows[8 + word] ?? 0) ^ view.getInt32((word ^ 1) * 4, true);
    }
    this.#words.set(this.#start);
  }

  /** The digest of `parts` put together. */
  digest(...parts: readonly Uint8Array[]): bigint {
    for (const part of parts) this.update(part);
    return this.finish();
  }

  /** Takes in bytes[start, end). */
  update(bytes: Uint8Array, start = 0, end = bytes.length): void {
    let at = start;
    if (this.#pending > 0) {
      at = this.#fill(bytes, at, end);
      if (this.#pending < packetBytes) return;
      absorb(this.#words, this.#packetView, 0);
      this.#pending = 0;
    }
    if (end - at >= packetBytes) {
      const view = this.#viewOf(bytes);
      for (; end - at >= packetBytes; at += packetBytes) absorb(this.#words, view, at);
    }
    this.#fill(bytes, at, end);
  }

  finish(): bigint {
    this.#close();
    return this.#resultView.getBigUint64(0, true);
  }

  /** Whether the digest is the 8 bytes (little endian) at `at`. */
  matches(bytes: Uint8Array, at: number): boolean {
    this.#close();
    for (let byte = 0; byte < 8; byte++) if (bytes[at + byte] !== this.#result[byte]) return false;
    return true;
  }

  /** Writes the digest as 8 bytes, little endian, at `at`. */
  write(bytes: Uint8Array, at: number): void {
    this.#close();
    bytes.set(this.#result, at);
  }

  /** Blocks are hashed record by record, so the view of the last array is kept. */
  #viewOf(bytes: Uint8Array): DataView {
    if (bytes !== this.#seen) {
      this.#seen = bytes;
      this.#seenView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#seenView;
  }

  #fill(bytes: Uint8Array, start: number, end: number): number {
    const stop = Math.min(end, start + packetBytes - this.#pending);
    for (let at = start; at < stop; at++) this.#packet[this.#pending++] = bytes[at] ?? 0;
    return stop;
  }

  #close(): void {
    const words = this.#words;
    if (this.#pending > 0) this.#absorbRemainder(this.#pending);
    for (let round = 0; round < 4; round++) permute(words);
    addTo(words, v0, words[v1] ?? 0, words[v1 + 1] ?? 0);
    addTo(words, v0, words[mul0] ?? 0, words[mul0 + 1] ?? 0);
    addTo(words, v0, words[mul1] ?? 0, words[mul1 + 1] ?? 0);
    this.#resultView.setInt32(0, words[v0] ?? 0, true);
    this.#resultView.setInt32(4, words[v0 + 1] ?? 0, true);
    words.set(this.#start);
    this.#pending = 0;
  }

  /** The last 1..31 bytes, laid out as the reference's HighwayHashUpdateRemainder does. */
  #absorbRemainder(count: number): void {
    const words = this.#words;
    for (let lane = 0; lane < 8; lane += 2) addTo(words, v0 + lane, count, count);
    for (let word = v1; word < v1 + 8; word++) {
      const value = words[word] ?? 0;
      words[word] = (value << count) | (value >>> (32 - count));
    }
    const packet = this.#packet;
    const whole = count & ~3;
    const odd = count & 3;
    if (count >= 16) {
      packet.copyWithin(28, count - 4, count);
      packet.fill(0, whole, 28);
    } else {
      const first = packet[whole] ?? 0;
      const middle = packet[whole + (odd >>> 1)] ?? 0;
      const last = packet[count - 1] ?? 0;
      packet.fill(0, whole);
      if (odd > 0) packet.set([first, middle, last], 16);
    }
    absorb(words, this.#packetView, 0);
  }
}

/** The hash the server keys with the SHA-256 of a name: `<stream>`, `<stream>-<block>` or `<stream>/<consumer>`. */
export function namedHash(name: string): HighwayHash64 {
  return new HighwayHash64(createHash("sha256").update(name).digest());
}
