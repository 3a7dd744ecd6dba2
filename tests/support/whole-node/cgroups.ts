import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../eventually.ts";

const mounts = "/sys/fs/cgroup";

/** One group of our own in every hierarchy (version 1 has several). */
export async function makeCgroup(name: string): Promise<AsyncDisposable> {
  const places = (await hierarchies()).map((each) => join(each, name));
  for (const place of places) await mkdir(place, { recursive: true });
  return {
    async [Symbol.asyncDispose]() {
      for (const place of places) await eventually(`the end of ${place}`, () => isGone(place), { timeoutMs: 10_000 });
    },
  };
}

async function hierarchies(): Promise<readonly string[]> {
  const lines = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" "));
  return lines
    .filter(([, at = "", type]) => /^cgroup2?$/.test(type ?? "") && at.startsWith(mounts))
    .map(([, at = ""]) => at);
}

async function isGone(place: string): Promise<boolean> {
  if (!existsSync(place)) return true;
  const inner = await readdir(place, { withFileTypes: true });
  for (const each of inner) if (each.isDirectory()) await isGone(join(place, each.name));
  // busy while a process that was killed is not gone yet
  return await rmdir(place).then(
    () => true,
    () => false,
  );
}
