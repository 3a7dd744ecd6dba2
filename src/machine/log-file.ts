import { appendFile, type FileHandle, open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { formatMark, type LogQuery, offsetSince, parseMarks, stampLines, timeAt } from "./log-lines.ts";

const chunkBytes = 64 * 1024;
/** How exact the times of lines are, and how soon a follower sees them. */
const lookMs = 200;

/** Notes how long the log in a run's folder is and when, until the signal; that is where the times of its lines come from. */
export async function keepMarks(folder: string, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  let known = await sizeOf(join(folder, "log"));
  for (;;) {
    const isLast = signal.aborted;
    const size = await sizeOf(join(folder, "log"));
    if (size > known) await appendFile(join(folder, "times"), formatMark({ offset: size, time: new Date() }));
    known = size;
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
  const marks = async () => parseMarks(await readFile(join(folder, "times"), "utf8").catch(() => ""));
  const known = await marks();
  const since = query.since === undefined ? 0 : offsetSince(known, query.since);
  const start = Math.max(since, query.tailLines === undefined ? 0 : await tailOffset(log, query.tailLines));
  const stamp = query.timestamps ? stampLines(start, (offset) => timeAt(known, offset, new Date())) : undefined;
  let left = query.limitBytes ?? Number.POSITIVE_INFINITY;
  for (let at = start; left > 0 && !signal.aborted; ) {
    // looked at before reading: what was written until then is read
    const wasOver = isOver();
    const { bytesRead, buffer } = await log.read(Buffer.alloc(chunkBytes), 0, chunkBytes, at);
    if (bytesRead > 0) {
      at += bytesRead;
      const piece = buffer.subarray(0, bytesRead);
      const told = (stamp === undefined ? piece : stamp(piece)).subarray(0, left);
      left -= told.length;
      yield told;
    } else if (!query.follow || wasOver) return;
    else await pause(lookMs, signal);
  }
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
    const from = Math.max(0, size - limits.bytes, await tailOffset(log, limits.lines));
    const { bytesRead, buffer } = await log.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.subarray(0, bytesRead).toString("utf8");
  } finally {
    await log.close();
  }
}

/** Where the last `lines` lines begin, read from the end. */
async function tailOffset(log: FileHandle, lines: number): Promise<number> {
  const { size } = await log.stat();
  if (lines === 0) return size;
  let missing = lines;
  // a line's end at the very end ends the last line
  for (let end = size - 1; end > 0; ) {
    const from = Math.max(0, end - chunkBytes);
    const { buffer } = await log.read(Buffer.alloc(end - from), 0, end - from, from);
    for (let at = buffer.lastIndexOf(0x0a); at >= 0; at = at === 0 ? -1 : buffer.lastIndexOf(0x0a, at - 1)) {
      missing--;
      if (missing === 0) return from + at + 1;
    }
    end = from;
  }
  return 0;
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
