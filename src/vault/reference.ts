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
/** Never listed: STREAM.INFO is one answer, 7 bytes each, and a server builds it in memory (2^40 of them kill it). */
const mostListed = 2_000_000n;

/** STREAM.INFO, with `state.deleted` unless that list is too long to ask for. */
export async function infoWithDeleted(
  jetstream: JetStream,
  stream: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<StreamInfo> {
  const info = await streamInfo(jetstream, stream, { signal });
  if (info.state.num_deleted === 0n || info.state.num_deleted > mostListed) return info;
  return await streamInfo(jetstream, stream, { deletedDetails: true, signal });
}

/**
 * One reference: STREAM.INFO with the deleted sequences, or, where these far outnumber the messages, a pass over the
 * live messages' headers whose count equals a STREAM.INFO taken before. `undefined` when the stream changed too fast
 * for a pass to agree, and its list is too long to ask for.
 */
export async function takeReference(
  jetstream: JetStream,
  stream: string,
  { signal, readerName }: { readonly signal: AbortSignal; readonly readerName: string },
): Promise<Reference | undefined> {
  const counts = (await streamInfo(jetstream, stream, { signal })).state;
  if (counts.num_deleted > listLimit && counts.num_deleted > listRatio * counts.messages) {
    const passed = await passOver(jetstream, stream, { signal, readerName });
    // keys that change all the time are replaced during the pass: then the list, however long, is what agrees
    if (passed !== undefined || counts.num_deleted > mostListed) return passed;
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
