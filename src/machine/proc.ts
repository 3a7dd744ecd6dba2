import { readdirSync, readFileSync } from "node:fs";

/** The processes of this machine, as /proc has them. Empty where there is no /proc. */

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Clock ticks since the machine started: with the pid, a process's identity. */
  readonly start: string;
  readonly isZombie: boolean;
}

/** Reads a line of /proc/PID/stat; a program's name may hold spaces and parentheses. */
export function parseStat(line: string): ProcessEntry | undefined {
  const match = /^(\d+) \(.*\) (\S) (.*)$/s.exec(line.trim());
  if (match === null) return undefined;
  const [, pid, state, rest = ""] = match;
  // fields 4 (parent), 6 (session) and 22 (start) of proc(5)
  const fields = rest.split(" ");
  const [parent, session, start] = [fields[0], fields[2], fields[18]];
  if (start === undefined) return undefined;
  return {
    ...{ pid: Number(pid), parent: Number(parent), session: Number(session), start },
    isZombie: state === "Z" || state === "X",
  };
}

export function readProcess(pid: number): ProcessEntry | undefined {
  const line = readText(`/proc/${pid}/stat`);
  return line === undefined ? undefined : parseStat(line);
}

export function readProcesses(): readonly ProcessEntry[] {
  return folders().flatMap((name) => {
    const found = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
    return found === undefined || found.isZombie ? [] : [found];
  });
}

/** What belongs to a session's leader: its session, and whatever descends from it; it may have ended itself. */
export function membersOf(processes: readonly ProcessEntry[], leader: number): readonly number[] {
  const members = new Set([leader]);
  for (const { pid, session } of processes) if (session === leader) members.add(pid);
  for (let before = 0; before !== members.size; ) {
    before = members.size;
    for (const { pid, parent } of processes) if (members.has(parent)) members.add(pid);
  }
  return processes.filter(({ pid }) => members.has(pid)).map(({ pid }) => pid);
}

/** Memory that processes hold, without what they share with a file. */
export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + residentOf(readText(`/proc/${pid}/status`) ?? ""), 0);
}

function residentOf(status: string): number {
  const match = /^RssAnon:\s+(\d+) kB$/m.exec(status);
  return Number(match?.[1] ?? 0) * 1024;
}

function folders(): readonly string[] {
  try {
    return readdirSync("/proc");
  } catch {
    return [];
  }
}

/** /proc never waits for a disk. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}
