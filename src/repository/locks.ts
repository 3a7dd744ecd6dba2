import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import type { ReadOptions } from "./reading.ts";
import { parseOutput, type Restic } from "./runner.ts";

const ResticLock = z.object({
  time: z.string(),
  exclusive: z.boolean(),
  hostname: z.string().default(""),
  username: z.string().default(""),
  pid: z.number().default(0),
});

/** A restic that works on the repository now, or died without tidying up. */
export interface Lock {
  readonly id: string;
  /** Refreshed every 5 minutes by its owner; restic calls a lock stale after 30. */
  readonly time: Date;
  readonly exclusive: boolean;
  /** The owner's machine or pod. Not the `--host` of its snapshots. */
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
}

/** Every lock, oldest first. One that goes away while being read is left out. */
export async function listLocks(restic: Restic, { signal }: ReadOptions): Promise<Lock[]> {
  const { stdout } = await restic.run(["list", "locks", "--no-lock"], { action: "listing locks", signal });
  const locks: Lock[] = [];
  for (const [id] of stdout.matchAll(/^[0-9a-f]{64}$/gm)) {
    const lock = await readLock(restic, id, { signal });
    if (lock !== undefined) locks.push(lock);
  }
  return locks.sort((a, b) => a.time.getTime() - b.time.getTime());
}

async function readLock(restic: Restic, id: string, { signal }: ReadOptions): Promise<Lock | undefined> {
  try {
    const { stdout } = await restic.run(["cat", "lock", id, "--no-lock"], { action: "reading a lock", signal });
    return { ...parseOutput(ResticLock, stdout, "lock"), id, time: new Date(JSON.parse(stdout).time) };
  } catch (error) {
    if (Failure.is(error, "repository-failed", "damaged", "snapshot-not-found")) return undefined;
    throw error;
  }
}
