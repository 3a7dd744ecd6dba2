import { Failure } from "../../kit/failures.ts";

const repeatBase = [4, 256, 65536];

/** 0 to 4 bytes, little endian, unsigned. Bytes past the end count as 0; the caller checks the position afterwards. */
function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let byte = count - 1; byte >= 0; byte--) value = value * 256 + (bytes[at + byte] ?? 0);
  return value;
}

/** Copies `length` bytes from `offset` back; the ranges may overlap, which repeats the pattern. */
function copyBack(target: Uint8Array, at: number, { offset, length }: Element): void {
  if (offset >= length && length >= 48) {
    target.copyWithin(at, at - offset, at - offset + length);
    return;
  }
  const end = at + length;
  for (let to = at, from = at - offset; to < end; to++, from++) target[to] = target[from] ?? 0;
}

function copyLiteral(source: Uint8Array, from: number, target: Uint8Array, to: number, length: number): void {
  if (length >= 48) {
    target.set(source.subarray(from, from + length), to);
    return;
  }
  for (let byte = 0; byte < length; byte++) target[to + byte] = source[from + byte] ?? 0;
}

/** What the next element says: a literal or copy of `length` bytes. */
interface Element {
  /** How far back a copy reaches; kept for repeats. */
  offset: number;
  length: number;
}

/**
 * Reads the copy element at `at` into `copy` and returns the offset behind it. Offset 0 in the two-byte form is S2's
 * "repeat": the offset stays, and the length may follow in one to three bytes.
 */
function readCopy(source: Uint8Array, at: number, copy: Element): number {
  const tag = source[at] ?? 0;
  if ((tag & 3) !== 1) {
    const size = (tag & 3) === 2 ? 2 : 4;
    copy.length = 1 + (tag >>> 2);
    copy.offset = littleEndian(source, at + 1, size);
    return at + 1 + size;
  }
  const offset = ((tag & 0xe0) << 3) | (source[at + 1] ?? 0);
  const code = (tag >>> 2) & 7;
  if (offset !== 0 || code < 5) {
    copy.length = code + 4;
    if (offset !== 0) copy.offset = offset;
    return at + 2;
  }
  copy.length = 4 + (repeatBase[code - 5] ?? 0) + littleEndian(source, at + 2, code - 4);
  return at + 2 + (code - 4);
}

/** Reads the head of the literal at `at` and returns the offset of its bytes. */
function readLiteral(source: Uint8Array, at: number, literal: Element): number {
  const code = (source[at] ?? 0) >>> 2;
  const extra = code < 60 ? 0 : code - 59;
  literal.length = (extra === 0 ? code : littleEndian(source, at + 1, extra)) + 1;
  return at + 1 + extra;
}

/**
 * Decodes one S2 block (Snappy with repeat codes; github.com/klauspost/compress/s2), without its leading length, so that
 * it fills `target` exactly. Throws Failure("damaged") when it does not, or reaches outside of either array.
 */
export function decodeBlock(source: Uint8Array, target: Uint8Array): void {
  const element: Element = { offset: 0, length: 0 };
  let at = 0;
  let to = 0;
  while (at < source.length) {
    const isLiteral = ((source[at] ?? 0) & 3) === 0;
    at = isLiteral ? readLiteral(source, at, element) : readCopy(source, at, element);
    const { offset, length } = element;
    const isWithin = isLiteral ? length <= source.length - at : offset > 0 && offset <= to && at <= source.length;
    if (!isWithin || length > target.length - to) throw corrupt();
    if (isLiteral) {
      copyLiteral(source, at, target, to, length);
      at += length;
    } else {
      copyBack(target, to, element);
    }
    to += length;
  }
  if (to !== target.length) throw corrupt();
}

function corrupt(): Failure {
  return new Failure("damaged", "a compressed block is corrupt");
}
