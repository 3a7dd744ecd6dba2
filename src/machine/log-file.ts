import { appendFile, type FileHandle, open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { formatMark, type LogMark, type LogQuery, offsetSince, parseMarks, stampLines, timeAt } from "./log-lines.ts";
import { beginOf, trimLog } from "./log-trim.ts";

const chunkBytes = 64 * 1024;
/** How exact the times of lines are, and how soon a follower sees them. */
const lookMs = 200;

/**
 * Notes how long the log in a run's folder is and when, until the signal; that is where the times of its lines come from. Of
 * one that is too long only the end is kept.
 */
export async function keepMarks(folder: string, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  // not its length now: a program may have written before the first look
  let known = (await marksOf(folder)).at(-1)?.offset ?? 0;
  let from = await beginOf(folder);
  for (;;) {
    const isLast = signal.aborted;
    const size = await sizeOf(join(folder, "log"));
    if (size > known) await appendFile(join(folder, "times"), formatMark({ offset: size, time: new Date() }));
    known = size;
    from = await trimLog(folder, { from, size });
    if (isLast) return;
    await pause(lookMs, signal);
  }
}

export interface ReadLogOptions {
  readonly query: LogQuery;
  /** Whether the run has ended, so that nothing more can come. */
  readonly isOver: () => boolean;
  readonly signal: AbortSignal;
}

/** The part of a run's log that is asked for, as it comes. */
export async function* readLog(folder: string, { query, isOver, signal }: ReadLogOptions): AsyncGenerator<Uint8Array> {
  await using log = await open(join(folder, "log"), "r");
  const known = await marksOf(folder);
  const start = await startOf(log, query, { known, begin: await beginOf(folder) });
  const stampFrom = (from: number) =>
    query.timestamps
      ? stampLines(from, (offset) => timeAt(known, offset, new Date()))
      : (piece: Uint8Array): Uint8Array => piece;
  let stamp = stampFrom(start);
  let left = query.limitBytes ?? Number.POSITIVE_INFINITY;
  for (let at = start; left > 0 && !signal.aborted; ) {
    // looked at before reading: what was written until then is read
    const wasOver = isOver();
    const { bytesRead, buffer } = await log.read(Buffer.alloc(chunkBytes), 0, chunkBytes, at);
    // looked at after reading: what was read from before it may be gone
    const first = await beginOf(folder);
    if (at < first) {
      at = first;
      stamp = stampFrom(at);
    } else if (bytesRead > 0) {
      at += bytesRead;
      const piece = buffer.subarray(0, bytesRead);
      const told = stamp(piece).subarray(0, left);
      left -= told.length;
      yield told;
    } else if (!query.follow || wasOver) return;
    else await pause(lookMs, signal);
  }
}

interface Kept {
  readonly known: readonly LogMark[];
  readonly begin: number;
}

async function startOf(log: FileHandle, { since, tailLines }: LogQuery, { known, begin }: Kept): Promise<number> {
  const after = since === undefined ? begin : offsetSince(known, since);
  return Math.max(begin, after, tailLines === undefined ? begin : await tailOffset(log, tailLines, begin));
}

/** The end of a run's log: at most so many bytes and lines. */
export async function logTail(
  folder: string,
  limits: { readonly lines: number; readonly bytes: number },
): Promise<string> {
  const log = await open(join(folder, "log"), "r").catch(() => undefined);
  if (log === undefined) return "";
  try {
    const { size } = await log.stat();
    const begin = await beginOf(folder);
    const from = Math.max(begin, size - limits.bytes, await tailOffset(log, limits.lines, begin));
    const { bytesRead, buffer } = await log.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.subarray(0, bytesRead).toString("utf8");
  } finally {
    await log.close();
  }
}

/** Where the last `lines` lines begin, read from the end; at `begin` where there are fewer. */
async function tailOffset(log: FileHandle, lines: number, begin: number): Promise<number> {
  const { size } = await log.stat();
  if (lines === 0) return size;
  let missing = lines;
  // a line's end at the very end ends the last line
  for (let end = size - 1; end > begin; ) {
    const from = Math.max(begin, end - chunkBytes);
    const { buffer } = await log.read(Buffer.alloc(end - from), 0, end - from, from);
    for (let at = buffer.lastIndexOf(0x0a); at >= 0; at = at === 0 ? -1 : buffer.lastIndexOf(0x0a, at - 1)) {
      missing--;
      if (missing === 0) return from + at + 1;
    }
    end = from;
  }
  return begin;
}

async function marksOf(folder: string): Promise<readonly LogMark[]> {
  return parseMarks(await readFile(join(folder, "times"), "utf8").catch(() => ""));
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
