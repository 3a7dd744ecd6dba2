import { badRequest } from "./status.ts";

export interface Field {
  readonly number: number;
  /** bigint: a number; bytes: a text, a message, or several numbers put together. */
  readonly value: bigint | Buffer;
}

/** The fields of a protobuf message in their order. https://protobuf.dev/programming-guides/encoding/ */
export function fieldsOf(bytes: Buffer): readonly Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const key = numberOf(bytes, at);
    const number = Number(key.value >> 3n);
    const field = valueOfType(bytes, Number(key.value & 7n), key.next);
    fields.push({ number, value: field.value });
    at = field.next;
  }
  return fields;
}

interface Read<T> {
  readonly value: T;
  /** Where what follows begins. */
  readonly next: number;
}

function valueOfType(bytes: Buffer, type: number, at: number): Read<bigint | Buffer> {
  switch (type) {
    case 0:
      return numberOf(bytes, at);
    case 1:
      return { value: slice(bytes, at, 8), next: at + 8 };
    case 2: {
      const { value, next } = numberOf(bytes, at);
      const length = Number(value);
      return { value: slice(bytes, next, length), next: next + length };
    }
    case 5:
      return { value: slice(bytes, at, 4), next: at + 4 };
    default:
      throw cutOff();
  }
}

/** A number of as many bytes as it needs. */
export function numberOf(bytes: Buffer, start: number): Read<bigint> {
  let value = 0n;
  for (let at = start; at < start + 10; at++) {
    const byte = bytes[at];
    if (byte === undefined) throw cutOff();
    value |= BigInt(byte & 0x7f) << BigInt((at - start) * 7);
    if (byte < 0x80) return { value, next: at + 1 };
  }
  throw cutOff();
}

export function textOf({ value }: Field): string {
  return Buffer.isBuffer(value) ? value.toString("utf8") : "";
}

function slice(bytes: Buffer, start: number, length: number): Buffer {
  if (start + length > bytes.length) throw cutOff();
  return bytes.subarray(start, start + length);
}

function cutOff() {
  return badRequest("the body of the request is no protobuf that can be read");
}
