import type { JetStream } from "../nats/jetstream.ts";
import { openReader } from "../nats/messages.ts";
import type { StreamInfo } from "../nats/stream.ts";
import { streamInfo } from "../nats/streams.ts";
import { SequenceSet } from "./sequence-set.ts";

/** A state that the stream had at one moment, with the sequences that existed then. */
export interface Reference {
  readonly info: StreamInfo;
  readonly live: SequenceSet;
}

/** Above this many deleted sequences, and this many for each message, the list is larger than a pass over the messages. */
const listLimit = 500_000n;
const listRatio = 8n;

/**
 * One reference: STREAM.INFO with the deleted sequences, or, where these far outnumber the messages, a pass over the
 * live messages' headers whose count equals a STREAM.INFO taken before. `undefined` when the stream changed too fast
 * for a pass to agree.
 */
export async function takeReference(
  jetstream: JetStream,
  stream: string,
  { signal, readerName }: { readonly signal: AbortSignal; readonly readerName: string },
): Promise<Reference | undefined> {
  const counts = (await streamInfo(jetstream, stream, { signal })).state;
  if (counts.num_deleted > listLimit && counts.num_deleted > listRatio * counts.messages) {
    return await passOver(jetstream, stream, { signal, readerName });
  }
  const info = await streamInfo(jetstream, stream, { deletedDetails: true, signal });
  const { state } = info;
  const live = SequenceSet.without(state.first_seq, state.last_seq, state.deleted ?? []);
  // 2.10 leaves gaps out of the list that nothing follows (nats-server 2.10 store.go)
  return live.count === state.messages ? { info, live } : await passOver(jetstream, stream, { signal, readerName });
}

async function passOver(
  jetstream: JetStream,
  stream: string,
  { signal, readerName }: { readonly signal: AbortSignal; readonly readerName: string },
): Promise<Reference | undefined> {
  const info = await streamInfo(jetstream, stream, { signal });
  const live = new SequenceSet();
  const options = { signal, consumerName: readerName, headersOnly: true };
  await using reader = await openReader(jetstream, info, info.state.first_seq, options);
  const last = info.state.last_seq;
  await reader.readThrough(last, ({ sequence }) => void (sequence <= last && live.add(sequence)), { signal });
  return live.count === info.state.messages ? { info, live } : undefined;
}
