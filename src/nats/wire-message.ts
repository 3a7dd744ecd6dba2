import { Failure } from "../kit/failures.ts";

/** One message as it came over the wire. All bytes are the server's own and stay valid after the callback. */
export interface WireMessage {
  readonly subject: string;
  readonly subjectBytes: Uint8Array;
  readonly reply: string | undefined;
  /** The raw block `NATS/1.0...\r\n\r\n`; empty when there is none. */
  readonly header: Uint8Array;
  /** Of the header's first line (`NATS/1.0 503`). Stored messages may carry one too: look at `reply` or headers first. */
  readonly status: WireStatus | undefined;
  readonly payload: Uint8Array;
}

export interface WireStatus {
  readonly code: number;
  readonly description: string;
}

/** What nats.js keeps inside its messages; `wire-message.test.ts` fails when an update changes this. */
interface LibraryMessage {
  readonly _rdata: Uint8Array;
  readonly _msg: { readonly subject: Uint8Array; readonly reply: Uint8Array | undefined; readonly hdr: number };
}

/** Reads a nats.js message without its header parser, which normalises what it reads. Throws `unexpected` on another library. */
export function wireMessage(message: unknown): WireMessage {
  if (!isLibraryMessage(message)) throw new Failure("unexpected", "the NATS library keeps messages in an unknown form");
  return new ReadMessage(message);
}

/** Texts are decoded when asked for: most deliveries are only counted and stored. */
class ReadMessage implements WireMessage {
  readonly subjectBytes: Uint8Array;
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
  readonly #reply: Uint8Array | undefined;

  constructor({ _rdata: bytes, _msg: { subject, reply, hdr } }: LibraryMessage) {
    this.subjectBytes = subject;
    this.#reply = reply;
    this.header = hdr > 0 ? bytes.subarray(0, hdr) : nothing;
    this.payload = hdr > 0 ? bytes.subarray(hdr) : bytes;
  }

  get subject(): string {
    return decoder.decode(this.subjectBytes);
  }

  get reply(): string | undefined {
    return this.#reply === undefined ? undefined : decoder.decode(this.#reply);
  }

  get status(): WireStatus | undefined {
    return this.header.length === 0 ? undefined : parseStatus(this.header);
  }
}

const nothing = new Uint8Array(0);
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const space = 0x20;
const versionBytes = "NATS/1.0".length;

function parseStatus(header: Uint8Array): WireStatus | undefined {
  if (header[versionBytes] !== space) return undefined;
  const line = decoder.decode(header.subarray(versionBytes, header.indexOf(0x0d)));
  const match = /^\s+(\d{3})\s*(.*?)\s*$/.exec(line);
  return match === null ? undefined : { code: Number(match[1]), description: match[2] ?? "" };
}

function isLibraryMessage(message: unknown): message is LibraryMessage {
  if (typeof message !== "object" || message === null || !("_rdata" in message) || !("_msg" in message)) return false;
  const { _rdata: bytes, _msg: args } = message;
  if (!(bytes instanceof Uint8Array) || typeof args !== "object" || args === null) return false;
  return "subject" in args && args.subject instanceof Uint8Array && "hdr" in args && typeof args.hdr === "number";
}
