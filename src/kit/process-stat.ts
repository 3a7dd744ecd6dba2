import { readFileSync } from "node:fs";

/** A process of this machine, as /proc has it. */
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
  const line = readProcText(`/proc/${pid}/stat`);
  return line === undefined ? undefined : parseStat(line);
}

/** Changes with each start of the machine. Empty where nobody says it. */
export function bootId(): string {
  return (readProcText("/proc/sys/kernel/random/boot_id") ?? "").trim();
}

/** Undefined where there is no such file. At once: /proc never waits for a disk. */
export function readProcText(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}
