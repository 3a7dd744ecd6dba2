import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A file system in memory that only programs run `within` see at its place. It is gone when this process is. */
export interface SmallDisk extends AsyncDisposable {
  /** Program and arguments to put before a command. */
  readonly within: readonly string[];
  /** The same files, from here. */
  readonly seenAt: string;
  /** Takes all room that there is. */
  fill(): void;
  /** Gives back what `fill` took. */
  free(): void;
}

const missing = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status !== 0;

/** For a test's name, where there can be none: why. */
export const noSmallDisk = missing ? "no user namespaces here, or no unshare" : undefined;

/** `folder` has to be there. The holder lives as long as its standard input. */
export async function openSmallDisk(folder: string, { bytes }: { readonly bytes: number }): Promise<SmallDisk> {
  const script = 'mount -t tmpfs -o "size=$2,mode=700" none "$1" && echo mounted && exec cat > /dev/null';
  const holder = spawn("unshare", ["-rm", "sh", "-c", script, "sh", folder, String(bytes)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(holder, "close");
  await Promise.race([once(holder.stdout, "data"), ended.then(() => Promise.reject(new Error("not mounted")))]);
  const seenAt = `/proc/${holder.pid}/root${folder}`;
  const filler = join(seenAt, "filler");
  return {
    within: ["nsenter", "--preserve-credentials", "-U", "-m", "-t", String(holder.pid)],
    seenAt,
    fill: () => fill(filler),
    free: () => rmSync(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await ended;
    },
  };
}

function fill(path: string): void {
  const file = openSync(path, "a");
  try {
    // by halves, to the last byte
    for (let bytes = 1 << 20; bytes > 0; ) if (!takes(file, bytes)) bytes >>= 1;
  } finally {
    closeSync(file);
  }
}

function takes(file: number, bytes: number): boolean {
  try {
    writeSync(file, Buffer.alloc(bytes));
    return true;
  } catch {
    return false;
  }
}
