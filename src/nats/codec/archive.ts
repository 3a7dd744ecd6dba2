import { describe, Failure } from "../../kit/failures.ts";
import { type JsonObject, writeJson } from "../../kit/json.ts";
import type { StoredConsumer } from "../stream.ts";
import { metaSum, streamNameIn } from "./archive-meta.ts";
import { V1Archive, type V1Event } from "./archive-v1.ts";
import { V2Archive, type V2Event, v2Magic } from "./archive-v2.ts";
import { encodeConsumerState } from "./consumer-state.ts";
import { Gather } from "./gather.ts";
import { S2Decoder } from "./s2.ts";

/**
 * What a snapshot holds, in the order it comes. V1: `meta` (meta.inf as text, proven by meta.sum), `block` (message
 * blocks ascending, every record's checksum proven), `consumer`. V2: `state`, `consumer`, `message` ascending.
 */
export type ArchiveEvent = { readonly kind: "format"; readonly format: "V1" | "V2" } | V1Event | V2Event;

/** What Go writes for a time that is not set. */
const unsetTime = "0001-01-01T00:00:00Z";

/**
 * Decodes the snapshot of `stream`, pushed as compressed chunks cut anywhere, and proves it complete and undamaged.
 * The events' bytes are memory of their own. `push` must be run to its end.
 * Failures: `damaged`, `snapshot-incomplete`, `snapshot-aborted` (the server wrote errors.txt), `server-too-old` (2.9).
 */
export class ArchiveDecoder {
  readonly #stream: string;
  readonly #frames = new S2Decoder();
  readonly #magic = new Gather(v2Magic.length);
  #archive: V1Archive | V2Archive | undefined;
  /** False while a push runs, so after one that failed or was left early, and once it ended. */
  #isReady = true;

  constructor(stream: string) {
    this.#stream = stream;
  }

  *push(chunk: Uint8Array): Generator<ArchiveEvent> {
    this.#refuseUnready();
    this.#isReady = false;
    try {
      for (const piece of this.#frames.push(chunk)) yield* this.#take(piece);
    } catch (error) {
      throw this.#named(error);
    }
    this.#isReady = true;
  }

  /**
   * Throws unless everything that belongs to a whole snapshot was pushed. Checks at the call, not when iterated: an end
   * that nobody looks at must not pass. What it returns are the events still due, which are none in both formats.
   */
  end(): readonly ArchiveEvent[] {
    this.#refuseUnready();
    this.#isReady = false;
    try {
      this.#frames.end();
      if (this.#archive === undefined) throw new Failure("snapshot-incomplete", "it is empty");
      this.#archive.end();
      return [];
    } catch (error) {
      throw this.#named(error);
    }
  }

  /** The first eight bytes tell the format; the server's version does not. */
  *#take(piece: Uint8Array): Generator<ArchiveEvent> {
    let rest = piece;
    if (this.#archive === undefined) {
      rest = piece.subarray(this.#magic.take(piece, 0));
      if (!this.#magic.full) return;
      const isV2 = Buffer.from(this.#magic.bytes).toString("latin1") === v2Magic;
      yield { kind: "format", format: isV2 ? "V2" : "V1" };
      this.#archive = isV2 ? new V2Archive() : new V1Archive(this.#stream);
      if (!isV2) yield* this.#archive.push(this.#magic.bytes);
    }
    yield* this.#archive.push(rest);
  }

  #refuseUnready(): void {
    if (!this.#isReady)
      throw new Failure("snapshot-incomplete", `reading the snapshot of stream ${this.#stream}: not read to its end`);
  }

  #named(error: unknown): unknown {
    if (!(error instanceof Failure)) return error;
    return new Failure(error.code, `reading the snapshot of stream ${this.#stream}: ${describe(error)}`, {
      cause: error,
    });
  }
}

/** A stream's two files in a V1 archive, under the name in `config`. `created`: RFC 3339, written as given. */
export function metaFiles(config: JsonObject, created: string): [name: string, bytes: Uint8Array][] {
  const { Created: _created, ...rest } = config;
  const meta = Buffer.from(writeJson({ Created: created, ...rest }));
  return [
    ["meta.inf", meta],
    ["meta.sum", Buffer.from(metaSum(streamNameIn(meta), meta))],
  ];
}

/** A consumer's three files in a V1 archive of `stream`. A `created` that is unknown is written as Go's unset time. */
export function consumerFiles(stream: string, consumer: StoredConsumer): [name: string, bytes: Uint8Array][] {
  const { name, config, created, state } = consumer;
  const { Created: _created, Name: _name, ...rest } = config;
  const meta = Buffer.from(writeJson({ Created: created ?? unsetTime, Name: name, ...rest }));
  return [
    [`obs/${name}/meta.inf`, meta],
    [`obs/${name}/meta.sum`, Buffer.from(metaSum(`${stream}/${name}`, meta))],
    [`obs/${name}/o.dat`, encodeConsumerState(state)],
  ];
}
