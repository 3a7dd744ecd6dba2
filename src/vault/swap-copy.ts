import { Failure } from "../kit/failures.ts";
import type { JetStream } from "../nats/jetstream.ts";
import { getMessage } from "../nats/messages.ts";
import type { StreamInfo } from "../nats/stream.ts";
import { deleteStream, streamInfo } from "../nats/streams.ts";
import { ArchiveSource } from "./archive-source.ts";
import type { Running } from "./progress.ts";
import { serverBlocks } from "./stream-blocks.ts";
import { readJournal, type Swap, type SwapDocument } from "./swap-journal.ts";

/** What an overwrite works with. */
export interface SwapContext {
  readonly jetstream: JetStream;
  readonly connectAgain: () => Promise<JetStream>;
}

/** Reads the copy back from the server, every message. */
export async function verifyCopy(
  { jetstream }: SwapContext,
  temporary: string,
  { swap, digest }: { readonly swap: Swap; readonly digest: string },
  { signal }: Running,
): Promise<ArchiveSource> {
  const { config, manifest } = await readDocument(jetstream, temporary, swap, signal);
  if (manifest.digest !== digest) throw new Failure("restore-failed", `reading back ${temporary}: its journal differs`);
  const source = new ArchiveSource({ manifest, config });
  await source.verify(serverBlocks(jetstream, temporary, { signal }));
  return source;
}

/** What lies behind the messages of a temporary stream. Throws `damaged`. */
export async function readDocument(
  jetstream: JetStream,
  temporary: string,
  { last }: Swap,
  signal: AbortSignal,
): Promise<SwapDocument> {
  const { state } = await streamInfo(jetstream, temporary, { signal });
  const pieces: Uint8Array[] = [];
  for (let sequence = last + 1n; sequence <= state.last_seq; sequence++) {
    const message = await getMessage(jetstream, temporary, sequence, { signal });
    if (message === undefined) throw new Failure("damaged", `reading ${temporary}: message ${sequence} is missing`);
    pieces.push(message.payload);
  }
  return readJournal(pieces, temporary);
}

export async function infoOrNone(
  jetstream: JetStream,
  stream: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<StreamInfo | undefined> {
  try {
    return await streamInfo(jetstream, stream, { signal });
  } catch (error) {
    if (Failure.is(error, "stream-not-found")) return undefined;
    throw error;
  }
}

export async function deleteOrNone(jetstream: JetStream, stream: string, { signal }: Running): Promise<void> {
  try {
    await deleteStream(jetstream, stream, { signal });
  } catch (error) {
    if (!Failure.is(error, "stream-not-found")) throw error;
  }
}
