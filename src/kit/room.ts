import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/**
 * Why so many bytes cannot be written in the folder; undefined when they can. It is tried, not computed: quotas and file
 * systems that were made read-only tell it in no other way. Nothing stays behind.
 */
export function lackOfRoom(folder: string, bytes: number): unknown {
  const path = join(folder, "room.part");
  try {
    writeAll(path, Buffer.alloc(bytes));
    return undefined;
  } catch (error) {
    return error;
  } finally {
    try {
      rmSync(path, { force: true });
    } catch {
      // a file system that was made read-only meanwhile: the next call takes it away
    }
  }
}

function writeAll(path: string, bytes: Buffer): void {
  const file = openSync(path, "w", 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** No space, or none left of what its owner may use. */
export function isNoSpace(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
