import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "../../kit/json.ts";
import { StreamState } from "../stream.ts";
import { ArchiveDecoder, type ArchiveEvent } from "./archive.ts";
import { readRecords } from "./record.ts";
import { S2Decoder, s2StreamIdentifier, storedFrames } from "./s2.ts";
import { writeUvarint, writeVarint } from "./varint.ts";

/*
 * For tests: snapshots that real servers made of one torture stream, EX (tests/fixtures), and ways to bend them.
 */
const folder = join(import.meta.dirname, "../../../tests/fixtures");

/** Servers whose snapshots Coldstream reads, with the format they write. */
export const readable = [
  ["2.10.27", "V1"],
  ["2.11.15", "V1"],
  ["2.12.15", "V1"],
  ["2.14.5", "V1"],
  ["2.15", "V2"],
] as const;

/** The snapshot as it came over the wire. */
export function fixture(version: string): Uint8Array {
  return new Uint8Array(readFileSync(join(folder, `ex-${version}.s2`)));
}

/** The state that the server announced with it. */
export function announcedState(version: string): StreamState {
  const reply = parseJson(readFileSync(join(folder, `ex-${version}.s2.json`), "utf8"));
  if (typeof reply !== "object" || reply === null || !("state" in reply)) throw new Error("no state in the reply");
  return StreamState.parse(reply.state);
}

/** Splits at the sizes that `next` gives. */
export function* chunks(bytes: Uint8Array, next: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const size = Math.max(1, next());
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** All events of a snapshot of `stream`; throws what the decoder throws. */
export function decode(pieces: Iterable<Uint8Array>, stream = "EX"): ArchiveEvent[] {
  const decoder = new ArchiveDecoder(stream);
  const events: ArchiveEvent[] = [];
  for (const piece of pieces) events.push(...decoder.push(piece));
  events.push(...decoder.end());
  return events;
}

/** What is inside of S2 frames. */
export function decompress(bytes: Uint8Array): Uint8Array {
  const decoder = new S2Decoder();
  const pieces = [...decoder.push(bytes)];
  decoder.end();
  return new Uint8Array(Buffer.concat(pieces));
}

/** An S2 stream of `bytes`, uncompressed. */
export function reframe(bytes: Uint8Array): Uint8Array[] {
  return [s2StreamIdentifier, ...storedFrames(bytes)];
}

/** One digest over all events, equal only for equal events. */
export function fingerprint(events: Iterable<ArchiveEvent>): string {
  const hash = createHash("sha256");
  const text = (value: unknown) => hash.update(`${JSON.stringify(value, plain)}\n`);
  for (const event of events) text(event);
  return hash.digest("hex");
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Map) return [...value];
  if (value instanceof Uint8Array) return createHash("sha256").update(value).digest("base64");
  return value;
}

/** The sequences that live at the end: tombstones and erased records take their messages away. */
export function liveSequences(events: Iterable<ArchiveEvent>): Set<bigint> {
  const live = new Set<bigint>();
  for (const event of events) {
    if (event.kind === "message") live.add(event.message.sequence);
    if (event.kind !== "block") continue;
    for (const record of readRecords(event.bytes)) {
      if (record.kind === "message") live.add(record.sequence);
      else live.delete(record.sequence);
    }
  }
  return live;
}

export interface V2Entry {
  readonly name?: string;
  readonly timestamp?: bigint;
  readonly sequence?: bigint;
  readonly header?: Uint8Array;
  readonly payload?: Uint8Array | string;
}

/** An entry of a V2 archive; `{}` is its end mark. */
export function v2Entry({ name = "", timestamp = 0n, sequence = 0n, header, payload = "" }: V2Entry): Uint8Array {
  const head: number[] = [];
  const content = Buffer.from(payload);
  writeUvarint(head, BigInt(Buffer.byteLength(name)));
  writeVarint(head, timestamp);
  writeUvarint(head, sequence);
  writeUvarint(head, BigInt(header?.length ?? 0));
  writeUvarint(head, BigInt(content.length));
  return Buffer.concat([Uint8Array.from(head), Buffer.from(name), header ?? new Uint8Array(0), content]);
}

/** A whole V2 archive of these entries, without an end mark unless it is among them. */
export function v2Archive(entries: readonly V2Entry[]): Uint8Array {
  return Buffer.concat([Buffer.from("NATSARC1"), ...entries.map(v2Entry)]);
}
