import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { formatBytes } from "../kit/quantities.ts";
import { pause } from "../kube/requests.ts";

/** Room that a folder takes on the disk; holes in files take none. */
export async function usedBytes(folder: string): Promise<number> {
  let sum = 0;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) sum += await usedBytes(path);
    // what is deleted meanwhile takes no room
    else sum += ((await lstat(path).catch(() => undefined))?.blocks ?? 0) * 512;
  }
  return sum;
}

export interface Limit {
  readonly path: string;
  readonly limitBytes: number;
  /** For the message. */
  readonly what: string;
}

const lookMs = 1000;

/** Looks until a folder holds more than it may, and says so; undefined when the signal was aborted before. */
export async function untilFull(
  limits: readonly Limit[],
  { signal }: { readonly signal: AbortSignal },
): Promise<string | undefined> {
  while (limits.length > 0 && !signal.aborted) {
    const started = performance.now();
    for (const { path, limitBytes, what } of limits) {
      const used = await usedBytes(path);
      if (used > limitBytes) {
        return `${what} is full: it holds ${formatBytes(used)}, more than its ${formatBytes(limitBytes)}; ask for more storage`;
      }
    }
    // a large folder is looked at less often, so that looking takes little of the machine
    await pause(lookMs + 20 * (performance.now() - started), signal).catch(() => undefined);
  }
  return undefined;
}
