import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { mkdir, open, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { bootId, type ProcessEntry, parseStat, readProcess, readProcText } from "../kit/process-stat.ts";
import { isSameSession, membersOf, readProcesses, ticksAt } from "./proc.ts";

/** Runs of containers: processes that outlive whoever started them, with files that tell how they ended. */

/**
 * Stands above the program, and writes its exit status at the end. It waits for a word until the runner has written down
 * who it is: where the runner dies before, there is none, and the program was never started. Handlers, unlike ignored
 * signals, are not inherited, so the program sees its own. `$0` in the inner shell is the folder; the pid it writes is the
 * program's.
 */
const wrapper = `
folder=$1; shift
read -r word <&3 || exit 0
exec 3<&-
trap : TERM INT HUP
/bin/sh -c 'echo $$ > "$0/pid"; exec "$@"' "$folder" "$@"
echo "$?" > "$folder/exit"
`;

export interface RunRequest {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingFolder: string;
}

export interface RunEnd {
  /** 128 and the signal's number when one ended it, as a shell counts. */
  readonly exitCode: number;
  /** Why the node killed it: OOMKilled. */
  readonly reason?: string | undefined;
  readonly finishedAt: Date;
}

export interface Run {
  readonly startedAt: Date;
  /** undefined: it ended, and nobody knows how. Never rejects. */
  readonly ended: Promise<RunEnd | undefined>;
  /** SIGTERM to the program alone, as a kubelet does. */
  terminate(): Promise<void>;
  /** SIGKILL to all of it. `reason` is told by its end. */
  kill(reason?: string): Promise<void>;
  members(processes: readonly ProcessEntry[]): readonly number[];
}

export type Found =
  | { readonly kind: "none" }
  | { readonly kind: "running"; readonly run: Run }
  /** `end` undefined: it ended, and nobody knows how. */
  | { readonly kind: "ended"; readonly startedAt: Date; readonly end: RunEnd | undefined };

/** Starts a run whose files lie in `folder`. Standard output and error go to its file `log`. */
export async function startRun(folder: string, request: RunRequest): Promise<Run> {
  await mkdir(folder, { recursive: true });
  // pids and their starts mean something until the machine's next start only
  await writeFile(join(folder, "begun"), bootId());
  const log = await open(join(folder, "log"), "a", 0o600);
  try {
    const child = spawn("/bin/sh", ["-c", wrapper, "sh", folder, request.program, ...request.args], {
      ...{ cwd: request.workingFolder, env: { ...request.environment }, detached: true },
      stdio: ["ignore", log.fd, log.fd, "pipe"],
    });
    // nobody gets its pid while we have not been told of its end
    const line = readProcText(`/proc/${child.pid}/stat`) ?? "";
    const gone = Promise.withResolvers<void>();
    let endedAt: Date | undefined;
    child.once("exit", () => {
      endedAt = new Date();
      gone.resolve();
    });
    const started = Promise.withResolvers<number>();
    child.once("spawn", () => started.resolve(child.pid ?? 0));
    child.once("error", started.reject);
    // its end is waited for where it matters; it must not keep an ending runner
    child.unref();
    const leader = await started.promise;
    letGo(child, () => writeFileSync(join(folder, "wrapper"), line));
    const start = parseStat(line)?.start;
    const seenAt = () => endedAt ?? new Date();
    return runOf(folder, { leader, start, startedAt: new Date(), gone: gone.promise, seenAt });
  } finally {
    await log.close();
  }
}

/** `record` at once: between it and the word nothing else of ours runs. */
function letGo(child: ChildProcess, record: () => void): void {
  const word = child.stdio[3] as Writable;
  // it may have been killed already: its end says so
  word.once("error", () => undefined);
  try {
    record();
  } catch (error) {
    word.destroy();
    throw error;
  }
  word.end("go\n");
}

/** The run whose files lie in `folder`, which another process may have started. */
export async function findRun(folder: string): Promise<Found> {
  const startedAt = await timeOf(join(folder, "begun"));
  // without a record of its wrapper its program was never started
  if (startedAt === undefined || !existsSync(join(folder, "wrapper"))) return { kind: "none" };
  if (await isOfAnotherBoot(folder)) return { kind: "ended", startedAt, end: await readEnd(folder) };
  const entry = await leaderOf(folder);
  const leader = entry?.pid ?? 0;
  if (entry !== undefined && isAlive(entry)) {
    const { start } = entry;
    return { kind: "running", run: runOf(folder, { leader, start, startedAt, ...follow(entry) }) };
  }
  if (entry !== undefined) await sweep({ leader, start: entry.start, seenAt: await lastTrace(folder) });
  return { kind: "ended", startedAt, end: await readEnd(folder) };
}

interface Leader {
  readonly leader: number;
  /** undefined where there is no /proc. */
  readonly start: string | undefined;
  readonly startedAt: Date;
  readonly gone: Promise<void>;
  /** When it was there for sure. */
  readonly seenAt: () => Date;
}

function runOf(folder: string, { leader, start, startedAt, gone, seenAt }: Leader): Run {
  const sweepIt = async () => await sweep({ leader, start, seenAt: seenAt() });
  const ended = gone.then(async () => {
    // the program's own children end with it, as a container's do
    await sweepIt();
    return await readEnd(folder);
  });
  return {
    startedAt,
    ended,
    async terminate() {
      if (start !== undefined && readProcess(leader)?.start !== start) return;
      const pid = Number(await readFile(join(folder, "pid"), "utf8").catch(() => ""));
      if (pid > 0 && readProcess(pid)?.parent === leader) signal(pid, "SIGTERM");
      else signal(-leader, "SIGTERM");
    },
    async kill(reason = "") {
      await writeFile(join(folder, "exit"), `137 ${reason}\n`, { flag: "wx" }).catch(() => undefined);
      await sweepIt();
    },
    members: (processes) => membersOf(processes, leader),
  };
}

interface Swept {
  readonly leader: number;
  readonly start: string | undefined;
  readonly seenAt: Date;
}

/** Kills what is left of a session. */
async function sweep({ leader, start, seenAt }: Swept): Promise<void> {
  const seen = ticksAt(seenAt);
  let isSame: boolean | undefined;
  const killed = new Map<number, string>();
  // what is forked meanwhile is seen in the next round; whose parent has died is no longer found below the leader
  for (let round = 0; round < 20; round++) {
    const processes = await processesSoon();
    const now = readProcess(leader);
    isSame ??= start !== undefined && isSameSession({ leader, start, seen }, now, processes);
    // where there is no /proc the group is all that is known
    if (round === 0 && (start === undefined || now?.start === start)) signal(-leader, "SIGKILL");
    const members = new Set(isSame ? membersOf(processes, leader) : []);
    const left = processes.filter((one) => members.has(one.pid) || killed.get(one.pid) === one.start);
    if (left.length === 0) return;
    for (const one of left) {
      killed.set(one.pid, one.start);
      signal(one.pid, "SIGKILL");
    }
    await pause(10 * (round + 1));
  }
}

/** Who sweeps at the same time looks once: all of /proc costs milliseconds. */
let looking: Promise<readonly ProcessEntry[]> | undefined;

async function processesSoon(): Promise<readonly ProcessEntry[]> {
  looking ??= pause(lookMs).then(() => {
    looking = undefined;
    return readProcesses();
  });
  return await looking;
}

const lookMs = 10;

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended
  }
}

/** Who the wrapper was; undefined where there is no /proc. */
async function leaderOf(folder: string): Promise<ProcessEntry | undefined> {
  return parseStat(await readFile(join(folder, "wrapper"), "latin1"));
}

function isAlive({ pid, start }: ProcessEntry): boolean {
  const now = readProcess(pid);
  return now !== undefined && now.start === start && !now.isZombie;
}

function follow(leader: ProcessEntry): Pick<Leader, "gone" | "seenAt"> {
  let seenAt = new Date();
  async function untilGone(): Promise<void> {
    for (; isAlive(leader); seenAt = new Date()) await pause(200);
  }
  return { gone: untilGone(), seenAt: () => seenAt };
}

/** Runs that an earlier version began say nothing of it: those are known by their leader's start alone. */
async function isOfAnotherBoot(folder: string): Promise<boolean> {
  const recorded = (await readFile(join(folder, "begun"), "latin1").catch(() => "")).trim();
  return recorded !== "" && recorded !== bootId();
}

/** The last moment at which the run wrote of itself. */
async function lastTrace(folder: string): Promise<Date> {
  const times = await Promise.all(["begun", "wrapper", "pid", "exit"].map((name) => timeOf(join(folder, name))));
  return new Date(Math.max(...times.map((time) => time?.getTime() ?? 0)));
}

async function readEnd(folder: string): Promise<RunEnd | undefined> {
  const path = join(folder, "exit");
  const text = await readFile(path, "utf8").catch(() => "");
  const match = /^(\d+)(?: (\w*))?\n/.exec(text);
  if (match === null) return undefined;
  const finishedAt = (await timeOf(path)) ?? new Date();
  const [, code, reason] = match;
  return { exitCode: Number(code), finishedAt, ...(reason ? { reason } : {}) };
}

async function timeOf(path: string): Promise<Date | undefined> {
  return await stat(path).then(
    ({ mtime }) => mtime,
    () => undefined,
  );
}

/** Not to keep an ending runner. */
async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
