import { Failure } from "../kit/failures.ts";
import { restoreStream } from "../nats/restore.ts";
import type { StreamInfo } from "../nats/stream.ts";
import { StreamConfig } from "../nats/stream.ts";
import { accountInfo, deleteStream } from "../nats/streams.ts";
import { ArchiveSource } from "./archive-source.ts";
import { configChanges } from "./config-changes.ts";
import { temporaryMaxBytes } from "./overwrite.ts";
import type { DecidedStream } from "./plan.ts";
import type { Running } from "./progress.ts";
import type { RestoredStream, RestoreRequest } from "./restore.ts";
import type { StreamBlock } from "./stream-blocks.ts";
import { clearCopied, swapStream } from "./swap.ts";
import { infoOrNone } from "./swap-copy.ts";
import { finishSwap } from "./swap-finish.ts";
import { readSwap, temporaryName } from "./swap-journal.ts";
import { checkVerifiable, verifyRestored } from "./verify.ts";

/** Gives the stream's blocks from their beginning. */
type OpenBlocks = () => AsyncIterable<StreamBlock>;

/** What a restore of one stream came to, whichever way it took. */
interface Done {
  readonly info: StreamInfo;
  readonly dropped: readonly string[];
  readonly notes: readonly string[];
}

/** Does what was decided for one stream. What fails is a value; only an abort is thrown. */
export async function restoreOne(
  request: RestoreRequest,
  one: DecidedStream,
  open: OpenBlocks,
  running: Running,
): Promise<RestoredStream> {
  const { stream, as, config, manifest, bytes } = one;
  try {
    const { info, dropped, notes } = await restoreAs(request, one, open, running);
    running.onProgress?.({ step: "restored", stream, messages: manifest.state.messages, bytes });
    return {
      outcome: "restored",
      stream,
      as,
      messages: info.state.messages,
      bytes,
      consumers: manifest.consumers.length,
      digest: manifest.digest,
      notes: [...one.notes, ...configChanges(config, info.config, dropped), ...notes],
    };
  } catch (error) {
    running.signal.throwIfAborted();
    const failure = Failure.from(error);
    running.onProgress?.({ step: "stream-failed", stream, failure });
    return { outcome: "failed", stream, failure };
  }
}

async function restoreAs(
  request: RestoreRequest,
  one: DecidedStream,
  open: OpenBlocks,
  running: Running,
): Promise<Done> {
  switch (one.action) {
    case "overwrite":
      return request.inPlace === true
        ? await replaceInPlace(request, one, open, running)
        : await replace(request, one, open, running);
    case "finish": {
      const onProgress = progressOf(one, running, { after: 0, total: one.bytes });
      return await finishSwap(request, temporaryName(one.as), { mayReplace: true, onProgress }, running);
    }
    default:
      return await restoreFresh(request, one, open, running);
  }
}

async function restoreFresh(
  request: RestoreRequest,
  one: DecidedStream,
  open: OpenBlocks,
  running: Running,
): Promise<Done> {
  const { as, config, manifest } = one;
  const { signal } = running;
  const own = await request.connectAgain();
  await using _connection = own.connection;
  await checkVerifiable(own, as, running);
  const dropped: string[] = [];
  const source = new ArchiveSource({ manifest, config });
  const onProgress = progressOf(one, running, { after: 0, total: one.bytes });
  const info = await restoreStream(own, { config }, source.frames(open()), { signal, dropped, onProgress });
  const { samples, withTtl } = source;
  const notes = await verifyRestored(own, { manifest, config, info, samples, withTtl }, running);
  if (one.hasLeftover === true) await clearCopied(own, as, running);
  return { info, dropped, notes };
}

/** The content goes to the server twice: beside the old stream, and into its place. */
async function replace(request: RestoreRequest, one: DecidedStream, open: OpenBlocks, running: Running): Promise<Done> {
  const { as, config, manifest, bytes } = one;
  const total = 2 * bytes;
  const temporary = temporaryName(as);
  const left = await infoOrNone(request.jetstream, temporary, running);
  if (left !== undefined && readSwap(left.config)?.step === "replacing")
    await finishSwap(request, temporary, { mayReplace: true }, running);
  const account = await accountInfo(request.jetstream, running);
  const { num_replicas: replicas } = StreamConfig.parse(config);
  const swap = {
    config,
    manifest,
    snapshot: request.snapshot.id,
    maxBytes: temporaryMaxBytes(account, replicas, manifest.state.bytes),
    blocks: open(),
    onCopied: progressOf(one, running, { after: 0, total }),
    onProgress: progressOf(one, running, { after: bytes, total }),
  };
  return await swapStream(request, swap, running);
}

/** For want of room: everything is read and proven first, then the old stream goes, then the new one is restored. */
async function replaceInPlace(
  request: RestoreRequest,
  one: DecidedStream,
  open: OpenBlocks,
  running: Running,
): Promise<Done> {
  const { as, config, manifest } = one;
  const { jetstream } = request;
  await checkVerifiable(jetstream, as, running);
  await new ArchiveSource({ manifest, config }).verify(open());
  await deleteStream(jetstream, as, { signal: running.signal });
  try {
    return await restoreFresh(request, one, open, running);
  } catch (error) {
    const { code } = Failure.from(error);
    const hint = "the old stream is gone: restore it again from the repository";
    throw new Failure(code, `replacing ${as} in place`, { cause: error, hint });
  }
}

function progressOf(
  { stream }: DecidedStream,
  { onProgress }: Running,
  { after, total }: { readonly after: number; readonly total: number },
): (bytes: number) => void {
  return (bytes) => onProgress?.({ step: "restoring", stream, bytesDone: after + bytes, bytesTotal: total });
}
