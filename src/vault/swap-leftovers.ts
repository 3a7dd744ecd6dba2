import { Failure } from "../kit/failures.ts";
import type { JetStream } from "../nats/jetstream.ts";
import { StreamConfig, type StreamInfo } from "../nats/stream.ts";
import { listStreams } from "../nats/streams.ts";
import type { Temporary } from "./overwrite.ts";
import type { Running } from "./progress.ts";
import { clearCopied } from "./swap.ts";
import { infoOrNone, type SwapContext } from "./swap-copy.ts";
import { clearMark, finishSwap } from "./swap-finish.ts";
import { markOf, mayBeTemporary, readSwap } from "./swap-journal.ts";

/** The streams of an account: those of its users, and what interrupted overwrites left, by the stream that they replace. */
export interface Sorted {
  readonly streams: readonly StreamInfo[];
  readonly temporary: ReadonlyMap<string, Temporary>;
}

export function sortStreams(infos: readonly StreamInfo[]): Sorted {
  const streams: StreamInfo[] = [];
  const temporary = new Map<string, Temporary>();
  for (const info of infos) {
    const swap = readSwap(info.config);
    if (swap === undefined) streams.push(info);
    else temporary.set(swap.stream, { info, swap });
  }
  return { streams, temporary };
}

/** The temporary ones among streams of which only the names are known. */
export async function findTemporary(
  jetstream: JetStream,
  names: readonly string[],
  { signal }: { readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, Temporary>> {
  const infos: StreamInfo[] = [];
  for (const name of names.filter(mayBeTemporary)) {
    // one that is finished by somebody meanwhile is gone
    const info = await infoOrNone(jetstream, name, { signal });
    if (info !== undefined) infos.push(info);
  }
  return sortStreams(infos).temporary;
}

/** Whether the stream is away until its overwrite is finished. */
export function isAway({ swap }: Temporary, names: ReadonlySet<string>): boolean {
  return swap.step === "replacing" && !names.has(swap.stream);
}

export type FinishedSwap =
  | { readonly outcome: "finished" | "cleared"; readonly stream: string; readonly notes: readonly string[] }
  | { readonly outcome: "failed"; readonly stream: string; readonly failure: Failure };

/**
 * Brings every interrupted overwrite of an account to its end, or those of the streams that are named: a whole copy is put
 * in place, one that had not replaced anything yet is deleted. Needs no repository.
 */
export async function finishSwaps(
  context: SwapContext,
  { streams: wanted }: { readonly streams: readonly string[] },
  running: Running,
): Promise<FinishedSwap[]> {
  const { jetstream } = context;
  const isWanted = (stream: string) => wanted.length === 0 || wanted.includes(stream);
  const { streams, temporary } = sortStreams(await listStreams(jetstream, { signal: running.signal }));
  const finished: FinishedSwap[] = [];
  for (const [stream, left] of temporary) {
    if (isWanted(stream)) finished.push(await finishOne(context, left, running));
  }
  for (const { config } of streams) {
    const { name } = StreamConfig.parse(config);
    if (markOf(config) !== undefined && isWanted(name) && !temporary.has(name))
      await clearMark(jetstream, name, running);
  }
  return finished;
}

async function finishOne(context: SwapContext, { info, swap }: Temporary, running: Running): Promise<FinishedSwap> {
  const { stream, step } = swap;
  try {
    if (step === "copied") {
      await clearCopied(context.jetstream, stream, running);
      return { outcome: "cleared", stream, notes: [] };
    }
    const { notes } = await finishSwap(context, String(info.config.name), { mayReplace: false }, running);
    return { outcome: "finished", stream, notes };
  } catch (error) {
    running.signal.throwIfAborted();
    return { outcome: "failed", stream, failure: Failure.from(error) };
  }
}
