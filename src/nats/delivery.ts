/** What a consumer's delivery says in its acknowledgement subject. */
export interface Delivery {
  readonly consumer: string;
  readonly streamSequence: bigint;
  /** Counts this consumer's deliveries from 1: a hole means a lost one. */
  readonly consumerSequence: bigint;
  /** Nanoseconds since 1970. */
  readonly timestamp: bigint;
}

/**
 * Parses `$JS.ACK.<stream>.<consumer>.<delivered>.<sseq>.<cseq>.<ns>.<pending>`, or the later form with domain and
 * account hash in front of the stream and a token at the end (11 or 12 tokens, ADR-15). Undefined for other subjects.
 */
export function parseDelivery(reply: string | undefined): Delivery | undefined {
  if (reply?.startsWith("$JS.ACK.") !== true) return undefined;
  const tokens = reply.split(".");
  const [, consumer, , streamSequence, consumerSequence, timestamp] = tokens.slice(tokens.length >= 11 ? 4 : 2);
  if (consumer === undefined || timestamp === undefined) return undefined;
  if (streamSequence === undefined || consumerSequence === undefined) return undefined;
  return {
    consumer,
    streamSequence: BigInt(streamSequence),
    consumerSequence: BigInt(consumerSequence),
    timestamp: BigInt(timestamp),
  };
}
