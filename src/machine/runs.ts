import { readdir, rm } from "node:fs/promises";
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

/** Of attempts those that nobody asks for any more: the running one and the one before it are shown, as a kubelet does. */
export function outdatedOf(attempts: readonly number[]): readonly number[] {
  return attempts.toSorted((a, b) => a - b).slice(0, -2);
}

/** Takes away what a container that is started for ever would leave for ever. */
export async function removeOutdated(podFolder: string, container: string): Promise<void> {
  const names = await readdir(join(podFolder, "containers", container));
  const attempts = names.map(Number).filter(Number.isInteger);
  for (const attempt of outdatedOf(attempts)) {
    await rm(runFolderOf(podFolder, container, attempt), { recursive: true, force: true });
  }
}
