import { Failure } from "../../kit/failures.ts";

/** Go's encoding/binary varints: seven bits a byte, least significant first; at most ten bytes, 64 bits. */
const longest = 10;

/** Appends `value` (0 .. 2^64 - 1). */
export function writeUvarint(target: number[], value: bigint): void {
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) target.push(Number(rest & 0x7fn) | 0x80);
  target.push(Number(rest));
}

/** Appends `value` (-2^63 .. 2^63 - 1), zigzag: 0, -1, 1, -2 become 0, 1, 2, 3. */
export function writeVarint(target: number[], value: bigint): void {
  writeUvarint(target, BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
}

/** Reads varints one after another. Throws Failure("damaged") at the end of the bytes and beyond 64 bits. */
export class VarintReader {
  readonly bytes: Uint8Array;
  /** Offset of the next byte. */
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  uvarint(): bigint {
    // Two plain numbers of 35 bits each: most values need no BigInt arithmetic at all.
    let low = 0;
    let high = 0;
    let factor = 1;
    for (let count = 0; count < longest; count++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new Failure("damaged", "a number is cut short");
      if (count < 5) low += (byte & 0x7f) * factor;
      else high += (byte & 0x7f) * factor;
      factor = count === 4 ? 1 : factor * 128;
      if (byte >= 0x80) continue;
      if (high >= 2 ** 29) break;
      return high === 0 ? BigInt(low) : (BigInt(high) << 35n) | BigInt(low);
    }
    throw new Failure("damaged", "a number has more than 64 bits");
  }

  varint(): bigint {
    const value = this.uvarint();
    return (value & 1n) === 0n ? value >> 1n : ~(value >> 1n);
  }

  /** A count or length of at most `limit`. Throws Failure("damaged") above it. */
  length(limit: number): number {
    const value = this.uvarint();
    if (value > BigInt(limit)) throw new Failure("damaged", `a length of ${value} where at most ${limit} is possible`);
    return Number(value);
  }
}
