import type { BackupSession, BackupSessionPhase } from "../../api/backup-session.ts";
import { isFinal } from "./phase.ts";

/** Which sessions of an invoker are beyond its backupHistoryLimit. Pure. */

const defaultLimit = 1;

export interface Ending {
  readonly session: BackupSession;
  /** What it is about to be: it counts as finished, so that the limit is what is left. */
  readonly phase: BackupSessionPhase;
}

/** Skipped ones count, but never push out the last that says how a backup went. `all`: of this invoker. */
export function surplus(
  { session, phase }: Ending,
  all: readonly BackupSession[],
  limit: number = defaultLimit,
): readonly BackupSession[] {
  const others = all.filter(({ metadata }) => metadata.uid !== session.metadata.uid);
  const phaseOf = (one: BackupSession) => (one === session ? phase : one.status?.phase);
  const newest = [...others, session].sort(newestFirst);
  const last = newest.find((one) => phaseOf(one) === "Succeeded" || phaseOf(one) === "Failed");
  return newest
    .slice(Math.max(0, limit))
    .filter((one) => one !== session && isFinal(phaseOf(one)) && (limit <= 0 || one !== last))
    .filter(({ metadata }) => metadata.deletionTimestamp == null);
}

function newestFirst(one: BackupSession, other: BackupSession): number {
  const [a, b] = [one, other].map(({ metadata }) => `${metadata.creationTimestamp ?? ""} ${metadata.name ?? ""}`);
  return (a ?? "") < (b ?? "") ? 1 : -1;
}
