import { dirname } from "node:path";
import { describe, Failure } from "../kit/failures.ts";
import { isNoSpace, lackOfRoom } from "../kit/room.ts";

/** A write that is not in the store. What was acknowledged before is. */
export class NotWritten extends Failure {}

/** SQLite's primary result codes (https://sqlite.org/rescode.html). */
const sqlite = { permission: 3, readOnly: 8, inputOutput: 10, full: 13, cannotOpen: 14 } as const;

function codeOf(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) % 256 : undefined;
}

/** On a full disk SQLite cannot make its shared memory either, and says that input or output failed. */
export function isFull(error: unknown, file: string): boolean {
  const code = codeOf(error);
  return code === sqlite.full || (code === sqlite.inputOutput && isNoSpace(lackOfRoom(dirname(file), 65_536)));
}

const freeSpace = "free some space on its disk; nothing that was acknowledged is lost";

/** The store that is there is as it was: a full disk is no damage. */
export function full(file: string, cause: unknown): Failure {
  return new Failure("disk-full", `writing ${file}: no space left`, { cause, hint: freeSpace });
}

export function damaged(file: string, cause: unknown): Failure {
  if (isFull(cause, file)) return full(file, cause);
  return new Failure("damaged", `${file} is damaged: ${describe(cause)}`, {
    ...{ cause, hint: "put back a copy of the folder, or move it away to begin anew; nothing was changed" },
  });
}

/** Why a transaction failed, and what somebody can do about it. */
export function notWritten(file: string, cause: unknown): NotWritten {
  if (isFull(cause, file) || isNoSpace(cause)) {
    return new NotWritten("disk-full", `writing ${file}: no space left`, { cause, hint: freeSpace });
  }
  const message = `writing ${file}: ${describe(cause)}`;
  if (isForbidden(cause)) {
    const hint = "make the folder writable again for the user that this runs as";
    return new NotWritten("configuration-invalid", message, { cause, hint });
  }
  const hint = "look at the disk and at what the system says of it (dmesg); a copy of the folder is wise";
  return new NotWritten("damaged", message, { cause, hint });
}

function isForbidden(error: unknown): boolean {
  const forbidden: readonly unknown[] = [sqlite.readOnly, sqlite.permission, sqlite.cannotOpen];
  if (forbidden.includes(codeOf(error))) return true;
  return error instanceof Error && "code" in error && ["EROFS", "EACCES", "EPERM"].includes(String(error.code));
}
