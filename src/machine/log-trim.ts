import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../kit/program.ts";
import { writeWhole } from "../kit/whole-file.ts";
import { formatMark, parseMarks } from "./log-lines.ts";

/** As much as a kubelet keeps in a file. A log may have twice as much before its begin goes. */
const usualBytes = 10 * 1024 * 1024;
/** Only whole blocks of a file can be given back. */
const blockBytes = 4096;

export interface TrimOptions {
  readonly keptBytes?: number;
}

/** Where what is kept of a run's log begins. What lies before reads as zeros: bytes stay where they are in the file. */
export async function beginOf(folder: string): Promise<number> {
  return Number(await readFile(join(folder, "first"), "utf8").catch(() => "0"));
}

/**
 * Gives the begin of a run's log back to the disk where the log is too long, whole lines, while it is written and read. Gives
 * back from where its length counts the next time: where it begins now, or its end where the disk cannot do it.
 */
export async function trimLog(
  folder: string,
  { from, size }: { readonly from: number; readonly size: number },
  { keptBytes = usualBytes }: TrimOptions = {},
): Promise<number> {
  if (size - from <= 2 * keptBytes) return from;
  try {
    return (await trimmed(folder, size - keptBytes)) ?? size;
  } catch {
    // on a full disk, say: the log is as it was, and is tried again once it has grown
    return size;
  }
}

/** undefined: the file cannot have holes here. */
async function trimmed(folder: string, wanted: number): Promise<number | undefined> {
  const before = await beginOf(folder);
  const first = await lineFrom(join(folder, "log"), wanted);
  // before the bytes go: who reads looks here afterwards
  await put(folder, "first", String(first));
  if (!(await giveBack(join(folder, "log"), first))) {
    await put(folder, "first", String(before));
    return undefined;
  }
  const marks = parseMarks(await readFile(join(folder, "times"), "utf8").catch(() => ""));
  await put(folder, "times", marks.flatMap((mark) => (mark.offset > first ? [formatMark(mark)] : [])).join(""));
  return first;
}

/** Where the first line begins that begins there or later; right there where no line ends for long. */
async function lineFrom(path: string, offset: number): Promise<number> {
  await using log = await open(path, "r");
  const length = 64 * 1024;
  const { buffer, bytesRead } = await log.read(Buffer.alloc(length), 0, length, offset - 1);
  const end = buffer.subarray(0, bytesRead).indexOf(0x0a);
  return end < 0 ? offset : offset + end;
}

/** A program writes to the file, and goes on where it was: the file can neither be moved nor cut. */
async function giveBack(path: string, bytes: number): Promise<boolean> {
  const length = Math.floor(bytes / blockBytes) * blockBytes;
  const args = ["--punch-hole", "--offset", "0", "--length", String(length), path];
  const end = await runProgram("fallocate", args, { env: { PATH: "/usr/local/bin:/usr/bin:/bin" } }).catch(
    () => undefined,
  );
  return end?.exitCode === 0;
}

async function put(folder: string, name: string, text: string): Promise<void> {
  await writeWhole(join(folder, name), text, { mode: 0o644 });
}
