import { isUtf8 } from "node:buffer";
import type { StoredMessage } from "../nats/message.ts";
import { StreamDigest } from "./digest.ts";

/** One message of a stream, to be compared with what a server has of it. */
export interface Sample {
  readonly sequence: bigint;
  readonly timestamp: bigint;
  readonly hasTtl: boolean;
  /** Of a subject that is no UTF-8 a server's JSON answer tells only an approximation: it is left out then. */
  readonly isSubjectExact: boolean;
  readonly sha256: string;
}

export function sampleOf(message: StoredMessage): Sample {
  const { sequence, timestamp } = message;
  const isSubjectExact = isUtf8(message.subject);
  return { sequence, timestamp, hasTtl: hasTtl(message), isSubjectExact, sha256: digestOf(message, isSubjectExact) };
}

/** Whether a message that STREAM.MSG.GET gave is the sampled one. */
export function isSampled(sample: Sample, message: StoredMessage): boolean {
  return digestOf(message, sample.isSubjectExact) === sample.sha256;
}

/** Whether the message has a time to live of its own (2.11). */
export function hasTtl({ header }: StoredMessage): boolean {
  return header.length > 0 && Buffer.from(header.buffer, header.byteOffset, header.length).includes("\r\nNats-TTL:");
}

function digestOf(message: StoredMessage, isSubjectExact: boolean): string {
  const digest = new StreamDigest();
  digest.add(isSubjectExact ? message : { ...message, subject: new Uint8Array(0) });
  return digest.finish();
}
