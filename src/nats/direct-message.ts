import { Failure } from "../kit/failures.ts";
import { parseTime } from "../kit/time.ts";
import type { StoredMessage } from "./message.ts";
import type { WireMessage } from "./wire-message.ts";

/** A message as DIRECT.GET batches carry it. */
export interface DirectMessage {
  readonly message: StoredMessage;
  /** The sequence of the one before in the same batch; 0 in the first. */
  readonly previous: bigint;
}

const ownLines = Buffer.from("\r\nNats-Stream: ");

/** Whether this is a stored message rather than the end of a batch. A stored message may have a status line of its own. */
export function isDirectMessage({ header }: WireMessage): boolean {
  return bufferOf(header).includes(ownLines);
}

/**
 * Takes apart what the server appended behind the message's own header lines: they begin at the last `Nats-Stream:`, as
 * a republished message may carry such lines of its own. A message with an empty header block looks like one without.
 */
export function readDirectMessage({ header, payload }: WireMessage): DirectMessage {
  const bytes = bufferOf(header);
  const end = bytes.lastIndexOf(ownLines);
  const lines = new Map<string, Buffer>();
  for (let at = end + 2; at < bytes.length; ) {
    const stop = bytes.indexOf("\r\n", at);
    const colon = bytes.indexOf(": ", at);
    if (stop <= at || colon < at || colon > stop) break;
    lines.set(bytes.toString("latin1", at, colon), bytes.subarray(colon + 2, stop));
    at = stop + 2;
  }
  const subject = lines.get("Nats-Subject");
  const sequence = lines.get("Nats-Sequence");
  const time = lines.get("Nats-Time-Stamp");
  if (subject === undefined || sequence === undefined || time === undefined) {
    throw new Failure("unexpected", "a message of a direct get has no sequence, subject or time");
  }
  return {
    previous: BigInt(lines.get("Nats-Last-Sequence")?.toString() ?? "0"),
    message: {
      sequence: BigInt(sequence.toString()),
      timestamp: parseTime(time.toString()),
      subject,
      header: ownHeader(bytes, end),
      payload,
    },
  };
}

const bareLine = "NATS/1.0".length;

function ownHeader(bytes: Buffer, end: number): Uint8Array {
  if (end <= bareLine) return new Uint8Array(0);
  return Buffer.concat([bytes.subarray(0, end), Buffer.from("\r\n\r\n")]);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
