import { readdirSync } from "node:fs";
import { type ProcessEntry, readProcess, readProcText } from "../kit/process-stat.ts";

/** The processes of this machine, as /proc has them. Empty where there is no /proc. */

export function readProcesses(): readonly ProcessEntry[] {
  return folders().flatMap((name) => {
    const found = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
    return found === undefined || found.isZombie ? [] : [found];
  });
}

/** A moment as `start` counts it. /proc tells 100 ticks a second on every machine that we run on. */
export function ticksAt(moment: Date): number {
  const upSeconds = Number.parseFloat(readProcText("/proc/uptime") ?? "");
  return (upSeconds - (Date.now() - moment.getTime()) / 1000) * 100;
}

export interface Session {
  /** Its number. */
  readonly leader: number;
  /** Its leader's. */
  readonly start: string;
  /** Ticks: the last moment at which it was known to be there. */
  readonly seen: number;
}

/**
 * Whether the session that has this number is the one that was seen, not a later one of a stranger's: a daemon's, say, whose
 * leader has ended as well. The kernel gives a number to nobody else while one process of its session lives, and nobody
 * joins a session from outside. So it is the same while its leader lives, and after that while a member does that began
 * before the session was last seen. Where all began later it cannot be told, and a stranger's is not to be harmed.
 * `leader`: whoever has the number as its pid now, zombies included.
 */
export function isSameSession(
  { leader: number, start, seen }: Session,
  leader: ProcessEntry | undefined,
  processes: readonly ProcessEntry[],
): boolean {
  if (leader !== undefined) return leader.start === start;
  return processes.some((one) => one.session === number && Number(one.start) <= seen + clockErrorTicks);
}

/** Between the clock of files and that of processes. No number comes round in so short a time. */
const clockErrorTicks = 100;

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
  return pids.reduce((sum, pid) => sum + residentOf(readProcText(`/proc/${pid}/status`) ?? ""), 0);
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
