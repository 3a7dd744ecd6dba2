import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { findRun } from "./process.ts";

/** All runs that lie in a pod's folder. */

export function runFolderOf(podFolder: string, container: string, attempt: number): string {
  return join(podFolder, "containers", container, String(attempt));
}

/** Kills what still runs of a pod, whoever started it. */
export async function killRuns(podFolder: string): Promise<void> {
  const containers = join(podFolder, "containers");
  const names = await readdir(containers, { recursive: true }).catch(() => []);
  for (const name of names.filter((one) => /^[^/]+\/\d+$/.test(one))) {
    const found = await findRun(join(containers, name));
    if (found.kind === "running") await found.run.kill();
  }
}
