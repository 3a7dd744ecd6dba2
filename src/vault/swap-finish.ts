import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../kit/failures.ts";
import type { JetStream } from "../nats/jetstream.ts";
import { restoreStream } from "../nats/restore.ts";
import { StreamConfig, type StreamInfo } from "../nats/stream.ts";
import { streamInfo, updateStream } from "../nats/streams.ts";
import { ArchiveSource } from "./archive-source.ts";
import type { Running } from "./progress.ts";
import { serverBlocks } from "./stream-blocks.ts";
import { deleteOrNone, infoOrNone, readDocument, type SwapContext, verifyCopy } from "./swap-copy.ts";
import { markOf, readSwap, type Swap, type SwapDocument, withMark, withoutMark } from "./swap-journal.ts";
import { verifyRestored } from "./verify.ts";

/** Applications make their stream again as soon as it is missing: then it is taken away again, this often. */
const mostTries = 20;
const retryPauseMs = 250;

/** What took a stream's place. */
export interface Swapped {
  readonly info: StreamInfo;
  readonly document: SwapDocument;
  readonly dropped: readonly string[];
  readonly notes: readonly string[];
}

export interface FinishOptions {
  /** Whether a stream of that name may go which is neither the old nor the new one. */
  readonly mayReplace: boolean;
  onProgress?(bytes: number): void;
}

/** Brings an overwrite to its end whose copy was proven: needs no repository. */
export async function finishSwap(
  context: SwapContext,
  temporary: string,
  options: FinishOptions,
  running: Running,
): Promise<Swapped> {
  const { jetstream } = context;
  const { signal } = running;
  const swap = readSwap((await streamInfo(jetstream, temporary, { signal })).config);
  if (swap?.step !== "replacing") throw new Failure("unexpected", `stream ${temporary} is no copy to finish with`);
  try {
    const document = await readDocument(jetstream, temporary, swap, signal);
    const placed = await place(context, { temporary, swap, document }, options, running);
    await deleteOrNone(jetstream, temporary, running);
    const info = await clearMark(jetstream, swap.stream, running);
    return { ...placed, info: info ?? placed.info, document };
  } catch (error) {
    const failure = Failure.from(error);
    const message = `replacing ${swap.stream}: its new content is whole in stream ${temporary}, and not in place yet`;
    const hint = "run the same command again, or without the repository: coldstream restore --finish";
    throw new Failure(failure.code, message, { cause: error, hint: hintOf(failure) ?? hint });
  }
}

function hintOf(failure: Failure): string | undefined {
  return Failure.is(failure, "conflict") ? failure.hint : undefined;
}

interface Placing {
  readonly temporary: string;
  readonly swap: Swap;
  readonly document: SwapDocument;
}

/** The new stream, verified: one that an earlier run put in place, or restored from the copy now. */
async function place(
  context: SwapContext,
  placing: Placing,
  options: FinishOptions,
  running: Running,
): Promise<Omit<Swapped, "document">> {
  for (let tries = 1; ; tries++) {
    const placed = await clearPlace(context, placing, options, running);
    if (placed !== undefined) return placed;
    try {
      return await putInPlace(context, placing, options, running);
    } catch (error) {
      if (!Failure.is(error, "conflict") || tries === mostTries) throw error;
      // not the name but its subjects are taken, by a stream that stays
      if ((await infoOrNone(context.jetstream, placing.swap.stream, running)) === undefined) throw error;
      await sleep(retryPauseMs, undefined, { signal: running.signal });
    }
  }
}

/** Makes sure that no stream has the name, unless it is the new one: then that is given. */
async function clearPlace(
  context: SwapContext,
  placing: Placing,
  options: FinishOptions,
  running: Running,
): Promise<Omit<Swapped, "document"> | undefined> {
  const { jetstream } = context;
  const { swap } = placing;
  const current = await infoOrNone(jetstream, swap.stream, running);
  if (current === undefined) return undefined;
  if (markOf(current.config) === swap.token) {
    const verified = await verifyPlaced(context, { ...placing, ...options }, current, running);
    if (verified !== undefined) return verified;
  } else refuseForeign(current, swap, options);
  await deleteOrNone(jetstream, swap.stream, running);
  return undefined;
}

function refuseForeign(current: StreamInfo, swap: Swap, { mayReplace }: FinishOptions): void {
  if (mayReplace || current.created === swap.replaces) return;
  throw new Failure("conflict", `stream ${swap.stream} was made again meanwhile, by somebody else`, {
    hint: `restore over it with --on-conflict overwrite, or delete it; then finish with: coldstream restore --finish`,
  });
}

async function putInPlace(
  context: SwapContext,
  { temporary, swap, document }: Placing,
  { onProgress }: FinishOptions,
  running: Running,
): Promise<Omit<Swapped, "document">> {
  const { signal } = running;
  const config = withMark(document.config, swap.token);
  const dropped: string[] = [];
  const own = await context.connectAgain();
  await using _connection = own.connection;
  const source = new ArchiveSource({ manifest: document.manifest, config });
  const frames = source.frames(serverBlocks(context.jetstream, temporary, { signal }));
  const progress = onProgress === undefined ? {} : { onProgress };
  const info = await restoreStream(own, { config }, frames, { signal, dropped, ...progress });
  const { samples, withTtl } = source;
  const { manifest } = document;
  const notes = await verifyRestored(context.jetstream, { manifest, config, info, samples, withTtl }, running);
  return { info, dropped, notes };
}

/**
 * A stream that carries our mark was restored whole, by a run that did not end: the server makes it at once. When it is in
 * use already, what it holds is its own business; else it must be what the copy is. `undefined`: restore it again.
 */
async function verifyPlaced(
  context: SwapContext,
  { temporary, swap, document, mayReplace }: Placing & FinishOptions,
  current: StreamInfo,
  running: Running,
): Promise<Omit<Swapped, "document"> | undefined> {
  const { manifest, config } = document;
  const isUsed = current.state.last_seq > manifest.state.lastSequence;
  const { retention } = StreamConfig.parse(config);
  if (isUsed || retention !== "limits") return { info: current, dropped: [], notes: ["it is in use already"] };
  const { samples, withTtl } = await verifyCopy(context, temporary, { swap, digest: manifest.digest }, running);
  try {
    const restored = { manifest, config, info: current, samples, withTtl };
    return { info: current, dropped: [], notes: await verifyRestored(context.jetstream, restored, running) };
  } catch (error) {
    if (!mayReplace || !Failure.is(error, "restore-failed")) throw error;
    return undefined;
  }
}

/** Takes the mark of an overwrite off a stream whose copy is gone. */
export async function clearMark(
  jetstream: JetStream,
  stream: string,
  { signal }: Running,
): Promise<StreamInfo | undefined> {
  const info = await infoOrNone(jetstream, stream, { signal });
  if (info === undefined || markOf(info.config) === undefined) return undefined;
  return await updateStream(jetstream, withoutMark(info.config), { signal });
}
