import type { JetStream } from "../nats/jetstream.ts";
import { openReader } from "../nats/messages.ts";
import { streamInfo } from "../nats/streams.ts";
import { readerPrefix } from "./capture.ts";
import { StreamDigest } from "./digest.ts";

export interface StreamFingerprint {
  readonly digest: string;
  readonly messages: bigint;
  readonly firstSequence: bigint;
  readonly lastSequence: bigint;
}

/** Reads a whole stream from a server, message by message, and gives its digest. Nobody may publish meanwhile. */
export async function fingerprint(
  jetstream: JetStream,
  stream: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<StreamFingerprint> {
  const info = await streamInfo(jetstream, stream, { signal });
  const { first_seq: firstSequence, last_seq: lastSequence, messages } = info.state;
  const digest = new StreamDigest();
  if (messages > 0n) {
    const consumerName = `${readerPrefix}${crypto.randomUUID()}`;
    await using reader = await openReader(jetstream, info, firstSequence, { signal, consumerName });
    await reader.readThrough(lastSequence, (message) => digest.add(message), { signal });
  }
  return { digest: digest.finish(), messages: digest.messages, firstSequence, lastSequence };
}
