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
  const { _rdata: bytes, _msg: args } = message;
  const headerBytes = Math.max(args.hdr, 0);
  return {
    subjectBytes: args.subject,
    header: bytes.subarray(0, headerBytes),
    payload: bytes.subarray(headerBytes),
    get subject() {
      return decoder.decode(args.subject);
    },
    get reply() {
      return args.reply === undefined ? undefined : decoder.decode(args.reply);
    },
    get status() {
      return headerBytes === 0 ? undefined : parseStatus(bytes.subarray(0, headerBytes));
    },
  };
}

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
