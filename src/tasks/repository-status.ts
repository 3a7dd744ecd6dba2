import type { Repository, RepositoryStatus } from "../api/repository.ts";
import { formatBytes, formatTime } from "../kit/quantities.ts";
import { type Key, resourceOf } from "../kube/resource.ts";
import { updateStatus } from "../kube/update.ts";
import type { TaskContext } from "./context.ts";
import type { PostResult } from "./post-actions.ts";

/** Writes what a session found out about its repository. */
export async function writeRepositoryStatus(
  { cluster, signal }: TaskContext,
  key: Key,
  { result, created }: { readonly result: PostResult; readonly created: Date },
): Promise<void> {
  const change = ({ status }: Repository) => repositoryStatus(status, { result, created });
  await updateStatus(cluster, resourceOf("Repository"), key, change, { signal });
}

/** What could not be found out stays as it was. A backup counts as good only when the repository was whole afterwards. */
export function repositoryStatus(
  before: RepositoryStatus | undefined,
  { result, created }: { readonly result: PostResult; readonly created: Date },
): RepositoryStatus {
  const { integrity, removed, totalBytes, snapshots } = result;
  const time = formatTime(created);
  const isNewer = before?.lastBackupTime === undefined || Date.parse(before.lastBackupTime) < created.getTime();
  return {
    ...before,
    snapshotCount: snapshots.length,
    ...(integrity === undefined ? {} : { integrity }),
    ...(removed === undefined ? {} : { snapshotsRemovedOnLastCleanup: removed }),
    ...(totalBytes === undefined ? {} : { totalSize: formatBytes(totalBytes) }),
    ...(integrity === false || !isNewer ? {} : { lastBackupTime: time }),
    ...(integrity === false || before?.firstBackupTime !== undefined ? {} : { firstBackupTime: time }),
  };
}
