import { closeSync, openSync, writeSync } from "node:fs";
import { rename, stat } from "node:fs/promises";

/** A log that has grown so large begins anew; the one before is kept. */
const mostBytes = 10 * 1024 * 1024;
/** So much of what a full disk did not take is written when there is room again. */
const mostWaitingBytes = 65_536;

export interface LogFile extends Disposable {
  write(line: string): void;
}

/**
 * Appends whole lines. A disk that is full ends neither the program nor the log: `onTrouble` is told once, lines wait, the
 * oldest go when they are too many.
 */
export async function openLogFile(path: string, onTrouble: (error: unknown) => void): Promise<LogFile> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size > mostBytes) await rename(path, `${path}.1`);
  const file = openSync(path, "a", 0o600);
  return {
    write: appender((bytes) => writeSync(file, bytes), onTrouble),
    [Symbol.dispose]: () => closeSync(file),
  };
}

/** `write` gives back how many of the bytes it took, or throws when it took none. */
export function appender(write: (bytes: Buffer) => number, onTrouble: (error: unknown) => void) {
  const waiting: Buffer[] = [];
  let [isPart, isTold] = [false, false];
  return (line: string): void => {
    waiting.push(Buffer.from(line));
    try {
      for (let [next] = waiting; next !== undefined; [next] = waiting) {
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
