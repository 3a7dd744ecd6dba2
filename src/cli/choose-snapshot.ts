import { Failure } from "../kit/failures.ts";
import type { Repository } from "../repository/restic.ts";
import { listSnapshots, resolveSnapshot, type SnapshotEntry, targetLabel } from "../vault/catalog.ts";
import type { Running } from "../vault/progress.ts";
import { visible } from "./visible.ts";

export interface Wanted {
  readonly streams?: readonly string[];
  readonly target: string | undefined;
}

/**
 * The snapshot that a person means. `latest` of a repository that holds several servers or accounts is not guessed:
 * the wrong one could be restored.
 */
export async function chooseSnapshot(
  repository: Repository,
  reference: string,
  { streams, target }: Wanted,
  running: Running,
): Promise<SnapshotEntry> {
  if (reference === "latest" && target === undefined) {
    const entries = await listSnapshots(repository, {}, running);
    const targets = [...new Set(entries.map(targetLabel))];
    if (targets.length > 1) {
      throw new Failure(
        "usage",
        `the repository holds snapshots of ${targets.length} targets, so "latest" is not one of them`,
        {
          hint: `name a snapshot, or choose with --target: ${targets.map(visible).join(", ")}`,
        },
      );
    }
  }
  const wanted = { ...(streams === undefined ? {} : { streams }), ...(target === undefined ? {} : { target }) };
  return await resolveSnapshot(repository, reference, wanted, running);
}
