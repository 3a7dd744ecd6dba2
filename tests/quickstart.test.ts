/** The first command that a stranger types: it ends well, or says why, and never leaves anything behind. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** Runs it in a temporary folder of its own; `interruptAt` sends SIGINT when the output has this. */
async function quickstart(home: string, interruptAt?: string): Promise<Ended> {
  // as npm calls it: what setup fetched is not on the PATH
  const env = { PATH: "/usr/bin:/bin", HOME: home, TMPDIR: home };
  const child = spawn(process.execPath, [join(root, "scripts/quickstart.ts")], { env });
  let output = "";
  let isInterrupted = false;
  const take = (bytes: Buffer) => {
    output += bytes.toString("utf8");
    if (interruptAt === undefined || isInterrupted || !output.includes(interruptAt)) return;
    isInterrupted = true;
    child.kill("SIGINT");
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, output };
}

/** Command lines of processes that mention the folder. */
async function processesOf(home: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const command = await readFile(join("/proc", pid, "cmdline"), "utf8").catch(() => "");
    if (command.includes(home)) found.push(command.replaceAll("\0", " "));
  }
  return found;
}

// side by side: each waits for the next minute
test.concurrent.each([
  ["to its end", undefined, 0, "All is back"],
  ["interrupted while it fills the server", "A throwaway nats-server", 130, "interrupted; nothing was left behind"],
  ["interrupted before the schedule fires", "The schedule fires in", 130, "interrupted; nothing was left behind"],
  ["interrupted during the backup", "$ coldstream wait backupsession", 130, "interrupted; nothing was left behind"],
  ["interrupted during the restore", "$ coldstream wait restoresession", 130, "interrupted; nothing was left behind"],
])("%s", { timeout: 600_000 }, async (_title, interruptAt, status, said) => {
  const home = await mkdtemp(join(tmpdir(), "coldstream-quickstart-test-"));
  try {
    const ended = await quickstart(home, interruptAt);
    expect(ended.output).toContain(said);
    expect(ended.status).toBe(status);
    expect(await readdir(home)).toEqual([]);
    expect(await processesOf(home)).toEqual([]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
