import { Failure } from "../kit/failures.ts";
import type { JsonObject } from "../kit/json.ts";
import type { JetStream } from "../nats/jetstream.ts";
import { restoreStream } from "../nats/restore.ts";
import { streamInfo, updateStream } from "../nats/streams.ts";
import { ArchiveSource } from "./archive-source.ts";
import type { Manifest } from "./manifest.ts";
import type { Running } from "./progress.ts";
import type { StreamBlock } from "./stream-blocks.ts";
import { deleteOrNone, infoOrNone, type SwapContext, verifyCopy } from "./swap-copy.ts";
import { finishSwap, type Swapped } from "./swap-finish.ts";
import {
  journalMessages,
  nobodysName,
  readSwap,
  type Swap,
  temporaryConfig,
  temporaryName,
  withSwap,
} from "./swap-journal.ts";
import { checkVerifiable } from "./verify.ts";

const clearMs = 10_000;

export interface SwapRequest {
  /** The new stream as it shall be. */
  readonly config: JsonObject;
  readonly manifest: Manifest;
  /** Full id. */
  readonly snapshot: string;
  /** Room that the temporary stream must reserve, where the account asks for that. */
  readonly maxBytes: bigint | undefined;
  readonly blocks: AsyncIterable<StreamBlock>;
  /** Bytes that the server has taken of the copy, and then of the new stream. */
  onCopied(bytes: number): void;
  onProgress(bytes: number): void;
}

/**
 * Puts new content in the place of a stream: restores it under a temporary name, proves it, and only then deletes the
 * old stream and restores the new one from that copy. Until the old one is deleted a failure changes nothing; from then
 * on the copy stays until the new stream is proven, and `finishSwap` can do the rest at any time.
 */
export async function swapStream(context: SwapContext, request: SwapRequest, running: Running): Promise<Swapped> {
  const { jetstream } = context;
  const { config, manifest, snapshot } = request;
  const { signal } = running;
  const stream = String(config.name);
  const temporary = temporaryName(stream);
  await checkVerifiable(jetstream, stream, running);
  await clearCopied(jetstream, stream, running);
  // a user who may not delete shall learn so before anything is copied
  await deleteOrNone(jetstream, nobodysName(temporary), running);
  const swap: Swap = {
    format: 1n,
    stream,
    snapshot,
    source: manifest.stream,
    token: crypto.randomUUID(),
    step: "copied",
    last: manifest.state.lastSequence,
  };
  try {
    await copy(context, request, swap, running);
    await verifyCopy(context, temporary, { swap, digest: manifest.digest }, running);
    const old = await infoOrNone(jetstream, stream, { signal });
    const replaces = old === undefined ? {} : { replaces: old.created };
    await writeStep(jetstream, temporary, { ...swap, step: "replacing", ...replaces }, running);
  } catch (error) {
    // of "replacing" only the answer may have been lost: then the copy stays, for a later run to look at
    await clearCopied(jetstream, stream, { signal: AbortSignal.timeout(clearMs) }).catch(() => {});
    throw unchanged(stream, error);
  }
  return await finishSwap(context, temporary, { ...request, mayReplace: true }, running);
}

function unchanged(stream: string, error: unknown): Failure {
  const { code, hint } = Failure.from(error);
  const message = `replacing ${stream}: its new content could not be put beside it, and the stream is as it was`;
  const isRefused = code === "server-refused";
  const more = hint ?? (isRefused ? "where there is no room for both, add --in-place: it deletes first" : undefined);
  return new Failure(code, message, { cause: error, ...(more === undefined ? {} : { hint: more }) });
}

/** Restores the new content under the temporary name, with what a later run needs behind it. */
async function copy(context: SwapContext, request: SwapRequest, swap: Swap, { signal }: Running): Promise<void> {
  const { config, manifest, blocks, maxBytes, onCopied: onProgress } = request;
  const target = temporaryConfig(config, swap, maxBytes === undefined ? {} : { maxBytes });
  const document = { config, manifest: { ...manifest, segments: [], tombstones: null } };
  const timestamp = BigInt(Date.now()) * 1_000_000n;
  const own = await context.connectAgain();
  await using _connection = own.connection;
  const source = new ArchiveSource({
    manifest: { ...manifest, consumers: [] },
    config: target,
    following: journalMessages(document, swap.last, timestamp),
  });
  await restoreStream(own, { config: target }, source.frames(blocks), { signal, dropped: [], onProgress });
}

/** Deletes the copy of an overwrite that had not begun to replace anything. One that had is a conflict. */
export async function clearCopied(jetstream: JetStream, stream: string, running: Running): Promise<void> {
  const temporary = temporaryName(stream);
  const info = await infoOrNone(jetstream, temporary, running);
  if (info === undefined) return;
  const swap = readSwap(info.config);
  if (swap?.stream === stream && swap.step === "copied") return await deleteOrNone(jetstream, temporary, running);
  const reason = swap === undefined ? "is none of coldstream's" : "holds the content of an interrupted overwrite";
  throw new Failure("conflict", `replacing ${stream}: stream ${temporary} is in the way and ${reason}`, {
    hint: swap === undefined ? "rename or delete it" : "finish that with: coldstream restore --finish",
  });
}

async function writeStep(jetstream: JetStream, temporary: string, swap: Swap, { signal }: Running): Promise<void> {
  const { config } = await streamInfo(jetstream, temporary, { signal });
  if (readSwap(config)?.token !== swap.token)
    throw new Failure("conflict", `stream ${temporary} is another run's`, { hint: "let one of them end first" });
  await updateStream(jetstream, withSwap(config, swap), { signal });
}
