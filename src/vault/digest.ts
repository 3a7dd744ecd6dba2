import { createHash } from "node:crypto";
import type { StoredMessage } from "../nats/message.ts";

/**
 * The digest of a stream: SHA-256 over its live messages in order (docs/format.md). Per message: sequence
 * u64, timestamp i64 ns, the lengths of subject, header block and payload u32 each, then the three; little endian.
 * Equal digests mean equal messages, whichever server or repository they were read from.
 */
export class StreamDigest {
  readonly #hash = createHash("sha256");
  readonly #head = Buffer.alloc(28);
  #messages = 0n;
  #first: bigint | undefined;
  #last: bigint | undefined;

  /** Messages must ascend by sequence; RangeError when they do not. */
  add(message: StoredMessage): void {
    if (this.#last !== undefined && message.sequence <= this.#last) {
      throw new RangeError(`sequence ${message.sequence} follows ${this.#last}`);
    }
    const head = this.#head;
    head.writeBigUInt64LE(message.sequence, 0);
    head.writeBigInt64LE(message.timestamp, 8);
    head.writeUInt32LE(message.subject.length, 16);
    head.writeUInt32LE(message.header.length, 20);
    head.writeUInt32LE(message.payload.length, 24);
    this.#hash.update(head).update(message.subject).update(message.header).update(message.payload);
    this.#messages++;
    this.#first ??= message.sequence;
    this.#last = message.sequence;
  }

  get messages(): bigint {
    return this.#messages;
  }

  get first(): bigint | undefined {
    return this.#first;
  }

  get last(): bigint | undefined {
    return this.#last;
  }

  /** 64 hex characters. Ends the digest: nothing can be added afterwards. */
  finish(): string {
    return this.#hash.digest("hex");
  }
}
