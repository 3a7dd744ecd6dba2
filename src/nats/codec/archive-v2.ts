import type { StoredMessage } from "../message.ts";
import { type StoredConsumer, StreamState } from "../stream.ts";
import { consumerFromEntry, damaged, damagedUnless, incomplete, readJson, readText } from "./archive-meta.ts";
import { Gather } from "./gather.ts";
import { VarintReader } from "./varint.ts";

export type V2Event =
  | { readonly kind: "state"; readonly state: StreamState }
  | { readonly kind: "message"; readonly message: StoredMessage }
  | { readonly kind: "consumer"; readonly consumer: StoredConsumer };

/** What a V2 archive begins with (server/archive/archive.go). */
export const v2Magic = "NATSARC1";

/** Five varints of at most ten bytes. */
const maxHeadBytes = 50;
const headFields = 5;
/** The server's own limit. */
const maxNameBytes = 1024 * 1024;
/** Largest header plus payload that is read into memory: servers store messages of at most 64 MiB; consumers' state may be more. */
const maxContentBytes = 128 * 1024 * 1024;
const consumerPrefix = "consumers/";

interface Head {
  readonly nameBytes: number;
  readonly timestamp: bigint;
  readonly sequence: bigint;
  readonly headerBytes: number;
  readonly payloadBytes: number;
}

/** The V2 archive inside of a snapshot: the stream's state, its consumers, its messages ascending, and an end mark. */
export class V2Archive {
  readonly #headBytes = new Uint8Array(maxHeadBytes);
  #headFilled = 0;
  #headFields = 0;
  #entry: { readonly head: Head; readonly size: number; gather: Gather | undefined } | undefined;
  #state: StreamState | undefined;
  readonly #consumers = new Set<string>();
  #last = 0n;
  #isEnded = false;

  /** `piece` must be memory that nobody else writes to: messages are views of it. */
  *push(piece: Uint8Array): Generator<V2Event> {
    let at = 0;
    while (at < piece.length) {
      if (this.#isEnded) throw damaged("content follows its end");
      if (this.#entry === undefined) at = this.#readHead(piece, at);
      if (this.#entry === undefined) return;
      const { head } = this.#entry;
      const content = this.#content(piece, at);
      at += content.taken;
      if (content.bytes === undefined) return;
      this.#entry = undefined;
      const event = this.#take(head, content.bytes);
      if (event !== undefined) yield event;
    }
  }

  /** Throws Failure("snapshot-incomplete") unless the end mark was seen. */
  end(): void {
    if (!this.#isEnded) throw incomplete("its end is missing");
  }

  /** Collects the varints of an entry's head, then begins the entry. Returns the offset behind what it took. */
  #readHead(piece: Uint8Array, start: number): number {
    let at = start;
    while (at < piece.length && this.#headFields < headFields) {
      const byte = piece[at++] ?? 0;
      if (this.#headFilled === maxHeadBytes) throw damaged("an entry's head is too long");
      this.#headBytes[this.#headFilled++] = byte;
      if (byte < 0x80) this.#headFields++;
    }
    if (this.#headFields < headFields) return at;
    this.#headFields = 0;
    this.#headFilled = 0;
    const head = this.#parseHead();
    const size = head.nameBytes + head.headerBytes + head.payloadBytes;
    this.#entry = { head, size, gather: undefined };
    return at;
  }

  #parseHead(): Head {
    return damagedUnless(`the entry after message ${this.#last}`, () => {
      const reader = new VarintReader(this.#headBytes);
      const nameBytes = reader.length(maxNameBytes);
      const timestamp = reader.varint();
      const sequence = reader.uvarint();
      const headerBytes = reader.length(maxContentBytes);
      const payloadBytes = reader.length(maxContentBytes - headerBytes);
      return { nameBytes, timestamp, sequence, headerBytes, payloadBytes };
    });
  }

  /** The content of the entry that is open: part of `piece` if it is all there, else collected over pieces. */
  #content(piece: Uint8Array, at: number): { readonly taken: number; readonly bytes: Uint8Array | undefined } {
    const entry = this.#entry;
    if (entry === undefined) return { taken: 0, bytes: undefined };
    if (entry.gather === undefined && piece.length - at >= entry.size) {
      return { taken: entry.size, bytes: piece.subarray(at, at + entry.size) };
    }
    entry.gather ??= new Gather(entry.size);
    const taken = entry.gather.take(piece, at);
    return { taken, bytes: entry.gather.full ? entry.gather.bytes : undefined };
  }

  #take(head: Head, bytes: Uint8Array): V2Event | undefined {
    if (head.sequence > 0n) return { kind: "message", message: this.#message(head, bytes) };
    if (head.nameBytes === 0) return this.#takeEnd(head);
    const name = damagedUnless("an entry's name", () => readText(bytes.subarray(0, head.nameBytes)));
    const content = bytes.subarray(head.nameBytes);
    if (name === "state.json" && this.#state === undefined) {
      const state = damagedUnless("state.json", () => StreamState.parse(readJson(content)));
      this.#state = state;
      return { kind: "state", state };
    }
    if (!name.startsWith(consumerPrefix) || this.#state === undefined || this.#last > 0n) {
      throw damaged(`unexpected entry ${name}`);
    }
    const consumer = name.slice(consumerPrefix.length);
    if (this.#consumers.has(consumer)) throw damaged(`consumer ${consumer} comes twice`);
    this.#consumers.add(consumer);
    return { kind: "consumer", consumer: consumerFromEntry(consumer, content) };
  }

  #message({ nameBytes, timestamp, sequence, headerBytes }: Head, bytes: Uint8Array): StoredMessage {
    if (this.#state === undefined) throw damaged("messages come before state.json");
    if (nameBytes === 0) throw damaged(`message ${sequence} has no subject`);
    if (sequence <= this.#last) throw damaged(`message ${sequence} follows message ${this.#last}`);
    if (sequence > this.#state.last_seq) throw damaged(`message ${sequence} is above its last sequence`);
    this.#last = sequence;
    const headerEnd = nameBytes + headerBytes;
    return {
      sequence,
      timestamp,
      subject: bytes.subarray(0, nameBytes),
      header: bytes.subarray(nameBytes, headerEnd),
      payload: bytes.subarray(headerEnd),
    };
  }

  #takeEnd({ timestamp, headerBytes, payloadBytes }: Head): undefined {
    if (timestamp !== 0n || headerBytes + payloadBytes > 0) throw damaged("an entry without a name");
    if (this.#state === undefined) throw incomplete("state.json is missing");
    const expected = this.#state.consumer_count;
    if (BigInt(this.#consumers.size) !== expected) {
      throw incomplete(`${this.#consumers.size} consumers are in it, ${expected} were announced`);
    }
    this.#isEnded = true;
  }
}
