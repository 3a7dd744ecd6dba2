import type { StoredMessage } from "./message.ts";

/** What one waiting message costs besides its bytes. */
const overheadBytes = 256;

/** Messages that were delivered and not read yet, oldest first. */
export class MessageQueue {
  #messages: StoredMessage[] = [];
  #head = 0;
  #bytes = 0;

  /** Memory that is held, about. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#head === this.#messages.length;
  }

  push(message: StoredMessage): void {
    this.#messages.push(message);
    this.#bytes += costBytes(message);
  }

  shift(): StoredMessage | undefined {
    const message = this.#messages[this.#head];
    if (message === undefined) return undefined;
    this.#head++;
    this.#bytes -= costBytes(message);
    if (this.isEmpty || this.#head >= 4096) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
    return message;
  }
}

function costBytes({ subject, header, payload }: StoredMessage): number {
  return subject.length + header.length + payload.length + overheadBytes;
}
