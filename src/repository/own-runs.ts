import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { open, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bootId, readProcess, readProcText } from "../kit/process-stat.ts";
import { areLeftBehind, type Here, isOver, type Owned, Run, type SeenRun, seenEveryMs } from "./lock-owner.ts";
import type { ReadOptions } from "./reading.ts";

/** A restic of which there is a record from its start. Disposing of it ends the signs of life; the record stays. */
export interface Followed extends Disposable {
  onStart(pid: number): void;
  /** Removes the record of one that tidied up: no signal ended it, and it did not fail on the way. */
  end(exitCode: number | undefined): Promise<void>;
}

/** Records of the restic processes that this user's programs started on this machine. */
export interface OwnRuns {
  /** Of one process. What cannot be recorded is not. */
  follow(): Followed;
  /** Whether a run on this repository ended without a word. Looks at a folder only. */
  hasEnded(): Promise<boolean>;
  /** Whether all locks are of runs that are over (see lock-owner.ts). Waits a little until restic can see it too. */
  haveLeft(locks: readonly Owned[], options: ReadOptions): Promise<boolean>;
}

/** Where records lie: in the cache of this user on this machine. Undefined without one. */
export function runsFolder(
  cacheDirectory: string | undefined,
  baseEnv: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (cacheDirectory !== undefined) return join(cacheDirectory, "runs");
  const { XDG_CACHE_HOME: cache = "", HOME: home = "" } = baseEnv;
  if (cache.startsWith("/")) return join(cache, "coldstream", "runs");
  return home.startsWith("/") ? join(home, ".cache", "coldstream", "runs") : undefined;
}

/** `folder`: undefined for no records. There are none either where there is no /proc (macOS). */
export function openOwnRuns(folder: string | undefined, repository: string, look = readHere): OwnRuns {
  async function left(here: Here | undefined): Promise<readonly SeenRun[]> {
    if (folder === undefined || here === undefined) return [];
    return (await readRuns(folder)).filter((run) => run.repository === repository);
  }
  return {
    follow() {
      const here = folder === undefined ? undefined : look();
      const begun = new Date();
      let record: RunRecord | undefined;
      return {
        onStart(pid) {
          const start = readProcess(pid)?.start;
          if (folder === undefined || here === undefined || start === undefined) return;
          const { booted: _, ...place } = here;
          record = keepRecord(folder, { ...place, pid, start, repository, begun });
        },
        end: async (exitCode) => await record?.end(exitCode),
        [Symbol.dispose]: () => record?.[Symbol.dispose](),
      };
    },
    async hasEnded() {
      const here = look();
      return here !== undefined && (await left(here)).some((run) => isOver(run, here));
    },
    async haveLeft(locks, { signal }) {
      const here = look();
      if (here === undefined || !areLeftBehind(locks, await left(here), here)) return false;
      await areReaped(
        locks.map(({ pid }) => pid),
        signal,
      );
      return true;
    },
  };
}

/**
 * restic removes its lock before it ends so: done, done in part, no repository, locked, wrong password, interrupted. After
 * others it may be there: the network was lost (1), Go gave up (2).
 */
const tidy: ReadonlySet<number> = new Set([0, 3, 10, 11, 12, 130]);

type RunRecord = Omit<Followed, "onStart">;

function keepRecord(folder: string, run: Run): RunRecord {
  const path = join(folder, `${run.pid}-${run.start}-${run.namespace.replace(/\D/g, "")}.json`);
  const written = writeRecord(folder, path, run);
  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, seenEveryMs).unref();
  return {
    async end(exitCode) {
      await written;
      if (exitCode === undefined || !tidy.has(exitCode)) return;
      await rm(path, { force: true }).catch(() => undefined);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Written when this returns: on a busy disk restic could have its lock first. On the disk, as restic's lock is, later. */
function writeRecord(folder: string, path: string, run: Run): Promise<void> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(path, JSON.stringify(run), { mode: 0o600 });
  } catch {
    return Promise.resolve();
  }
  return settle(folder, path).catch(() => undefined);
}

async function settle(folder: string, path: string): Promise<void> {
  {
    await using file = await open(path);
    await file.sync();
  }
  await removeOld(folder);
}

/** A run that lives says so by its record's time; after this long nobody misses a record. */
const keptMs = 7 * 24 * 3_600_000;

async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (name.endsWith(".json") && Date.now() - mtimeMs > keptMs) await rm(path, { force: true });
  }
}

async function readRuns(folder: string): Promise<SeenRun[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const runs = await Promise.all(names.filter((name) => name.endsWith(".json")).map((n) => readRun(join(folder, n))));
  return runs.filter((run) => run !== undefined);
}

/** Undefined for one that has gone meanwhile or was not written to its end. */
async function readRun(path: string): Promise<SeenRun | undefined> {
  try {
    const run = Run.parse(JSON.parse(await readFile(path, "utf8")));
    return { ...run, seen: (await stat(path)).mtime, isAlive: isAlive(run) };
  } catch {
    return undefined;
  }
}

const reapMs = 10_000;

/**
 * A process that has ended is still in the list until its parent asks for its end, and so alive to restic. Killed with its
 * parent, that is for process 1 to do: seconds in some containers, never in others (there restic's 30 minutes count).
 */
async function areReaped(pids: readonly number[], signal: AbortSignal | undefined): Promise<void> {
  const endMs = performance.now() + reapMs;
  while (pids.some((pid) => readProcess(pid)?.isZombie) && performance.now() < endMs && signal?.aborted !== true) {
    await sleep(50);
  }
}

/** A number that was given to another process since is not the run's. One that /proc hides from this user may be. */
function isAlive({ pid, start }: Run): boolean {
  const found = readProcess(pid);
  if (found !== undefined) return found.start === start && !found.isZombie;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** Undefined where there is no /proc. */
export function readHere(): Here | undefined {
  const boot = bootId();
  const upSeconds = Number.parseFloat(readProcText("/proc/uptime") ?? "");
  const namespace = readQuietly(() => readlinkSync("/proc/self/ns/pid"));
  if (boot === "" || namespace === undefined || Number.isNaN(upSeconds)) return undefined;
  const machine = readQuietly(() => readFileSync("/etc/machine-id", "latin1"))?.trim();
  const booted = new Date(Date.now() - upSeconds * 1000);
  return { host: hostname(), boot, namespace, booted, ...(machine ? { machine } : {}) };
}

function readQuietly(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
