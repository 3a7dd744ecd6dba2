import pMap from "p-map";
import type { Repository } from "../../api/repository.ts";
import type { ReportedSnapshot } from "../../api/session-report.ts";
import type { Snapshot } from "../../api/snapshot.ts";
import type { Draft, Waiting } from "../../kube/cluster.ts";
import { KubeFailure } from "../../kube/failure.ts";
import { keyOf, resourceOf } from "../../kube/resource.ts";
import type { World } from "../controller.ts";
import { snapshotChanges } from "./snapshots.ts";

const snapshots = resourceOf("Snapshot");

/** Requests at the same time. */
const concurrency = 8;

/** Makes the Snapshot objects of a Repository like what its last session saw in it. */
export async function syncSnapshots(
  { cluster, caches }: World,
  { repository, reported }: { readonly repository: Repository; readonly reported: readonly ReportedSnapshot[] },
  { signal }: Waiting,
): Promise<void> {
  const { namespace } = repository.metadata;
  const known = caches.snapshots.list({ namespace });
  const { make, change, remove } = snapshotChanges(repository, reported, known);
  const steps: readonly (() => Promise<unknown>)[] = [
    ...make.map((draft) => () => create(draft)),
    ...change.map(
      ({ before, draft }) =>
        () =>
          replace(before, draft),
    ),
    ...remove.map((old) => () => cluster.remove(snapshots, keyOf(old), { signal })),
  ];
  await pMap(steps, (step) => step(), { concurrency, signal });

  async function create(draft: Draft): Promise<void> {
    try {
      await cluster.create(snapshots, draft, { signal });
    } catch (error) {
      // another session of the Repository was quicker; both have seen the same snapshot
      if (!KubeFailure.isReason(error, "AlreadyExists")) throw error;
    }
  }
  async function replace(before: Snapshot, { metadata, status }: Draft): Promise<void> {
    const merge = { metadata: { labels: metadata["labels"] }, status };
    await cluster.patch(snapshots, keyOf(before), { signal, merge });
  }
}
