import pMap from "p-map";
import { Failure } from "../kit/failures.ts";
import { openBlocks } from "./open-blocks.ts";
import type { DecidedStream } from "./plan.ts";
import type { Running } from "./progress.ts";
import type { RestoredStream, RestoreRequest } from "./restore.ts";
import { restoreOne } from "./restore-stream.ts";
import { byStream, gather, noteFailure, storedFiles } from "./stored-file.ts";
import { type StreamBlock, segmentBlocks } from "./stream-blocks.ts";

/** Up to this many streams each get a dump of their own, side by side; more are read in one pass over the snapshot. */
const mostDumps = 16;

/** Restores streams side by side. What fails is reported, and the others go on. */
export async function restoreAll(
  request: RestoreRequest,
  wanted: readonly DecidedStream[],
  running: Running,
): Promise<RestoredStream[]> {
  const run = restorer(request, running);
  const alone = wanted.filter((one) => mustReadAlone(request, one));
  const others = wanted.filter((one) => !alone.includes(one));
  const sideBySide = async (streams: readonly DecidedStream[]) =>
    await pMap(
      streams,
      (one) => run(one, () => openBlocks(request.repository, request.snapshot, one.manifest, running)),
      { concurrency: request.parallel },
    );
  if (others.length <= mostDumps) return await sideBySide(wanted);
  return [...(await restoreInOnePass(request, others, { run, running })), ...(await sideBySide(alone))];
}

type Run = (one: DecidedStream, open: () => AsyncIterable<StreamBlock>) => Promise<RestoredStream>;

/** Restores one stream; those that replace another wait for each other, so that room is needed for one copy at a time. */
function restorer(request: RestoreRequest, running: Running): Run {
  let last: Promise<unknown> = Promise.resolve();
  return async (one, open) => {
    const start = async () => await restoreOne(request, one, open, running);
    if (one.action === "restore") return await start();
    const mine = last.then(start);
    last = mine.catch(() => {});
    return await mine;
  };
}

/** Read twice, or not at all, or not a folder of its own. */
function mustReadAlone({ snapshot, inPlace = false }: RestoreRequest, { action }: DecidedStream): boolean {
  return snapshot.stash !== undefined || action === "finish" || (action === "overwrite" && inPlace);
}

/** In one pass, streams up to this size are read whole before they are restored; `parallel` of them at a time. */
const smallBytes = 8 * 1024 * 1024;

/**
 * One dump for all: it gives stream after stream. Small ones are taken out of it, so that several are restored at the
 * same time (each costs some round trips and file operations); a large one is passed on while it is read.
 */
async function restoreInOnePass(
  request: RestoreRequest,
  wanted: readonly DecidedStream[],
  { run, running }: { readonly run: Run; readonly running: Running },
): Promise<RestoredStream[]> {
  const { repository, snapshot, parallel } = request;
  const { signal } = running;
  const results: RestoredStream[] = [];
  const left = new Map(wanted.map((one) => [one.manifest.folder, one]));
  const active = new Set<Promise<void>>();
  let broken: Failure | undefined;
  const dump = storedFiles(repository.dump(snapshot.id, "/streams", { signal }), "streams/");
  const files = noteFailure(dump, (failure) => {
    broken = failure;
  });
  try {
    for await (const { folder, own } of byStream(files)) {
      const one = left.get(folder);
      if (one === undefined) continue;
      const isSmall = one.bytes <= smallBytes;
      const source = isSmall ? await gather(own) : own;
      left.delete(folder);
      const open = () => segmentBlocks(one.manifest, source);
      const task = run(one, open).then((result) => void results.push(result));
      active.add(task);
      task.finally(() => active.delete(task)).catch(() => {});
      if (!isSmall) await task;
      if (active.size >= parallel) await Promise.race(active);
    }
  } catch (error) {
    signal.throwIfAborted();
    broken ??= Failure.from(error);
  } finally {
    await Promise.allSettled(active);
  }
  for (const { stream } of left.values()) {
    const missing = `reading stream ${stream} from the repository: its folder is missing`;
    results.push({ outcome: "failed", stream, failure: broken ?? new Failure("damaged", missing) });
  }
  return results;
}
