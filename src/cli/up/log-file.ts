import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";

/** A log that would be larger begins anew; the one before is kept. */
const usualBytes = 10 * 1024 * 1024;
/** So much of what a full disk did not take is written when there is room again. */
const mostWaitingBytes = 65_536;

export interface LogFile extends Disposable {
  write(line: string): void;
}

/**
 * Appends whole lines. A disk that is full ends neither the program nor the log: `onTrouble` is told once, lines wait, the
 * oldest go when they are too many.
 */
export function openLogFile(
  path: string,
  onTrouble: (error: unknown) => void,
  { mostBytes = usualBytes }: { readonly mostBytes?: number } = {},
): LogFile {
  let file = openSync(path, "a", 0o600);
  let { size } = fstatSync(file);
  const write = (bytes: Buffer) => {
    const taken = writeSync(file, bytes);
    size += taken;
    return taken;
  };
  const makeRoom = (bytes: number) => {
    if (size === 0 || size + bytes <= mostBytes) return;
    const next = beginAnew(path);
    if (next === undefined) return;
    closeSync(file);
    [file, size] = [next, 0];
  };
  return { write: appender(write, onTrouble, makeRoom), [Symbol.dispose]: () => closeSync(file) };
}

/** undefined: it cannot be done now, and the log goes on where it is. */
function beginAnew(path: string): number | undefined {
  try {
    if (existsSync(path)) renameSync(path, `${path}.1`);
    // it was moved before where no new one could be made
    return openSync(path, "a", 0o600);
  } catch {
    return undefined;
  }
}

/**
 * `write` gives back how many of the bytes it took, or throws when it took none. `beforeLine` is told how many bytes a line
 * has, before the first of them is written.
 */
export function appender(
  write: (bytes: Buffer) => number,
  onTrouble: (error: unknown) => void,
  beforeLine: (bytes: number) => void = () => undefined,
) {
  const waiting: Buffer[] = [];
  let [isPart, isTold] = [false, false];
  return (line: string): void => {
    waiting.push(Buffer.from(line));
    try {
      for (let [next] = waiting; next !== undefined; [next] = waiting) {
        if (!isPart) beforeLine(next.length);
        const taken = write(next);
        isPart = taken < next.length;
        if (isPart) waiting[0] = next.subarray(taken);
        else waiting.shift();
      }
      isTold = false;
    } catch (error) {
      if (!isTold) onTrouble(error);
      isTold = true;
      forget(waiting, isPart ? 1 : 0);
    }
  };
}

/** Not of the line that is there in part. */
function forget(waiting: Buffer[], first: number): void {
  let bytes = waiting.reduce((sum, { length }) => sum + length, 0);
  while (bytes > mostWaitingBytes && waiting.length > first + 1) bytes -= waiting.splice(first, 1)[0]?.length ?? 0;
}
