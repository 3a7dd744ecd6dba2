import { Failure } from "../../kit/failures.ts";
import type { ConsumerState, SequenceFloor } from "../stream.ts";
import { VarintReader, writeUvarint, writeVarint } from "./varint.ts";

/*
 * `o.dat` of a V1 archive (server/store.go encodeConsumerState): two bytes of magic and version, then varints. Sequences
 * in the lists are relative to the ack floor, times are whole seconds before a base time.
 */
const magic = 22;
const version = 2;
const second = 1_000_000_000n;
const signBit = 1n << 63n;

/** Pending times lose their fraction of a second, as in the server. */
export function encodeConsumerState(state: ConsumerState): Uint8Array {
  const { ackFloor, delivered, pending, redelivered } = state;
  const bytes = [magic, version];
  for (const value of [ackFloor.consumer, ackFloor.stream, delivered.consumer, delivered.stream]) {
    writeUvarint(bytes, value);
  }
  const relative = (value: bigint, floor: bigint) => writeUvarint(bytes, BigInt.asUintN(64, value - floor));
  writeUvarint(bytes, BigInt(pending.size));
  if (pending.size > 0) {
    const base = latestSecond(pending);
    writeVarint(bytes, base);
    for (const [sequence, { consumer, timestamp }] of pending) {
      relative(sequence, ackFloor.stream);
      relative(consumer, ackFloor.consumer);
      writeVarint(bytes, base - timestamp / second);
    }
  }
  writeUvarint(bytes, BigInt(redelivered.size));
  for (const [sequence, count] of redelivered) {
    relative(sequence, ackFloor.stream);
    writeUvarint(bytes, count);
  }
  return Uint8Array.from(bytes);
}

/** Throws Failure("damaged") for anything but a whole state of version 2, the only one that servers since 2.2 write. */
export function decodeConsumerState(bytes: Uint8Array): ConsumerState {
  if (bytes[0] !== magic || bytes[1] !== version) {
    throw new Failure("damaged", `consumer state of an unknown version (${bytes[0]} ${bytes[1]})`);
  }
  const reader = new VarintReader(bytes, 2);
  const ackFloor = readFloor(reader);
  const delivered = readFloor(reader);
  if (ackFloor.stream >= signBit || delivered.stream >= signBit) {
    throw new Failure("damaged", "consumer state with sequences below zero");
  }
  const pending = readPending(reader, ackFloor);
  const redelivered = readRedelivered(reader, ackFloor);
  if (reader.at !== bytes.length) throw new Failure("damaged", "consumer state: something follows its end");
  return { delivered, ackFloor, pending, redelivered };
}

function latestSecond(pending: ConsumerState["pending"]): bigint {
  let latest: bigint | undefined;
  for (const { timestamp } of pending.values()) {
    const seconds = timestamp / second;
    if (latest === undefined || seconds > latest) latest = seconds;
  }
  return latest ?? 0n;
}

function readFloor(reader: VarintReader): SequenceFloor {
  return { consumer: reader.uvarint(), stream: reader.uvarint() };
}

function readPending(reader: VarintReader, floor: SequenceFloor): ConsumerState["pending"] {
  const pending = new Map<bigint, { readonly consumer: bigint; readonly timestamp: bigint }>();
  const count = reader.length(reader.bytes.length);
  const base = count > 0 ? reader.varint() : 0n;
  for (let index = 0; index < count; index++) {
    const sequence = BigInt.asUintN(64, reader.uvarint() + floor.stream);
    const consumer = BigInt.asUintN(64, reader.uvarint() + floor.consumer);
    pending.set(sequence, { consumer, timestamp: (base - reader.varint()) * second });
  }
  return pending;
}

function readRedelivered(reader: VarintReader, floor: SequenceFloor): ConsumerState["redelivered"] {
  const redelivered = new Map<bigint, bigint>();
  const count = reader.length(reader.bytes.length);
  for (let index = 0; index < count; index++) {
    const sequence = BigInt.asUintN(64, reader.uvarint() + floor.stream);
    redelivered.set(sequence, reader.uvarint());
  }
  return redelivered;
}
