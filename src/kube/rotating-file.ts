import { readFileSync, statSync } from "node:fs";
import { Failure } from "../kit/failures.ts";

/** So often at most it is looked whether the file is another one. */
const lookMs = 1_000;

export interface RotatingFile {
  /** What is in it, as of a second ago at most. Throws `credentials-unreadable`. */
  read(): string;
  /** Looks at once; whether it has changed. */
  renew(): boolean;
}

/** A file that others replace now and then, such as the token of a ServiceAccount. `what` is for messages. */
export function rotatingFile(path: string, what: string): RotatingFile {
  let text: string | undefined;
  let mark = "";
  let lookedMs = Number.NEGATIVE_INFINITY;
  function look(): string {
    lookedMs = performance.now();
    try {
      const { mtimeMs, ino, size } = statSync(path);
      const seen = `${mtimeMs} ${ino} ${size}`;
      if (text === undefined || seen !== mark) text = readFileSync(path, "utf8").trim();
      mark = seen;
      return text;
    } catch (cause) {
      // replaced by removing and making anew: what we have is as good as any for a while
      if (text !== undefined) return text;
      throw new Failure("credentials-unreadable", `reading ${what}: ${path} cannot be read`, { cause });
    }
  }
  return {
    read: () => (text === undefined || performance.now() - lookedMs >= lookMs ? look() : text),
    renew() {
      const before = text;
      return look() !== before;
    },
  };
}
