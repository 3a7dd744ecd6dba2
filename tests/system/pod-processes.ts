import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pods } from "../../src/kube/core.ts";
import { membersOf, readProcesses } from "../../src/machine/proc.ts";
import type { SessionName } from "./plot.ts";
import type { System } from "./system.ts";

/** SIGKILL to all that runs in the containers of a session's pod, as an OOM killer's. How many processes that were. */
export async function killPod(system: System, session: SessionName): Promise<number> {
  const members = await processesOf(system, session);
  for (const member of members) {
    try {
      process.kill(member, "SIGKILL");
    } catch {
      // it was quicker
    }
  }
  return members.length;
}

/** All that runs in the containers of a session's pod. */
export async function processesOf(
  { desk, folder }: System,
  { namespace = "", name }: SessionName,
): Promise<readonly number[]> {
  const own = (await desk.list(pods, namespace)).filter(({ metadata }) => metadata.name?.includes(`-${name}-`));
  const mains = await Promise.all(own.map(({ metadata }) => mainsIn(join(folder, "pods", metadata.uid ?? ""))));
  const processes = readProcesses();
  return mains.flat().flatMap((main) => membersOf(processes, main));
}

async function mainsIn(podFolder: string): Promise<readonly number[]> {
  const folder = join(podFolder, "containers");
  const containers = await readdir(folder).catch(() => []);
  const texts = await Promise.all(
    containers.map((name) => readFile(join(folder, name, "0/pid"), "utf8").catch(() => "")),
  );
  return texts.map(Number).filter((pid) => pid > 0);
}
