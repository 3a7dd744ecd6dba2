import { Failure } from "../kit/failures.ts";
import { isDraft, isPublished } from "../repository/published.ts";
import type { Repository, Snapshot } from "../repository/restic.ts";
import { decideRetention, type RetentionPolicy } from "../repository/retention.ts";
import { listSnapshots, type SnapshotEntry } from "./catalog.ts";
import { type Running, timeOf } from "./progress.ts";

/** A draft that was never published is kept this long: its backup may still be running. */
const draftKeptMs = 2 * 24 * 3600 * 1000;

/** Incomplete snapshots of a target that stay while no complete one is newer. */
const incompleteKept = 3;

export interface ForgetReport {
  readonly keep: readonly { readonly snapshot: SnapshotEntry; readonly reasons: readonly string[] }[];
  readonly remove: readonly SnapshotEntry[];
  readonly draftsRemoved: number;
}

/**
 * Applies a policy to the published snapshots, for each target, invoker and selection by itself (Stash's: for each host
 * and path), and removes drafts that are done. Incomplete snapshots go when a complete one of the same kind is newer; of others the newest three stay.
 */
export async function forgetSnapshots(
  repository: Repository,
  policy: RetentionPolicy,
  { target, prune, dryRun }: { readonly target?: string; readonly prune: boolean; readonly dryRun: boolean },
  running: Running,
): Promise<ForgetReport> {
  const { signal } = running;
  const filter = target === undefined ? { all: true } : { target, all: true };
  const entries = await listSnapshots(repository, filter, running);
  const snapshots = await repository.snapshots({}, { signal });
  const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  const keep: { snapshot: SnapshotEntry; reasons: readonly string[] }[] = [];
  const remove: SnapshotEntry[] = [];
  for (const group of Map.groupBy(entries, scope).values()) {
    const decided = decideGroup(group, byId, policy);
    keep.push(...decided.keep);
    remove.push(...decided.remove);
  }
  const drafts = doneDrafts(snapshots, timeOf(running));
  const ids = [...remove.map(({ id }) => id), ...drafts];
  if (!dryRun && ids.length > 0) await repository.forget(ids, { prune, signal });
  else if (!dryRun && prune) await repository.prune({ signal });
  return { keep, remove, draftsRemoved: dryRun ? 0 : drafts.length };
}

function scope({ target, invoker, host, streams, stash }: SnapshotEntry): string {
  return JSON.stringify([target, invoker, host, streams ?? null, stash?.root ?? null]);
}

function decideGroup(
  group: readonly SnapshotEntry[],
  byId: ReadonlyMap<string, Snapshot>,
  policy: RetentionPolicy,
): Pick<ForgetReport, "keep" | "remove"> {
  const complete = group.filter((entry) => entry.complete);
  const entryOf = new Map(group.map((entry) => [entry.id, entry]));
  const found = (snapshot: Snapshot): SnapshotEntry => {
    const entry = entryOf.get(snapshot.id);
    if (entry === undefined) throw new Failure("unexpected", `retention decided about unknown snapshot ${snapshot.id}`);
    return entry;
  };
  const listed = complete.flatMap(({ id }) => byId.get(id) ?? []);
  const decided = decideRetention(listed, policy);
  const newest = complete.at(-1);
  const stale = group.filter((entry) => !entry.complete && newest !== undefined && newest.time > entry.time);
  const waiting = group.filter((entry) => !entry.complete && !stale.includes(entry));
  const surplus = waiting.splice(0, Math.max(0, waiting.length - incompleteKept));
  return {
    keep: [
      ...decided.keep.map(({ snapshot, reasons }) => ({ snapshot: found(snapshot), reasons })),
      ...waiting.map((snapshot) => ({ snapshot, reasons: ["incomplete, and no complete one is newer"] })),
    ],
    remove: [...decided.remove.map(found), ...stale, ...surplus],
  };
}

/** Drafts whose backup has ended for sure: they were published, or are older than any backup takes. */
function doneDrafts(snapshots: readonly Snapshot[], now: Date): string[] {
  const published = new Set(snapshots.filter(isPublished).map(({ original }) => original));
  const isOld = ({ time }: Snapshot) => now.getTime() - time.getTime() > draftKeptMs;
  return snapshots
    .filter((snapshot) => isDraft(snapshot) && (published.has(snapshot.id) || isOld(snapshot)))
    .map(({ id }) => id);
}
