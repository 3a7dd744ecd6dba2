import { listSnapshots } from "../../vault/catalog.ts";
import type { CommandContext } from "../command.ts";
import type { SnapshotsOptions } from "../commands/snapshots.ts";
import { loadProfile } from "../profile.ts";
import { snapshotDocument, snapshotLines } from "../report-text.ts";
import { openNamedRepository } from "../repository-session.ts";

export async function showSnapshots(context: CommandContext, options: SnapshotsOptions): Promise<undefined> {
  const { printer } = context;
  await using repository = await openNamedRepository(context, options, await loadProfile(context, options));
  const { all, target } = options;
  const snapshots = await listSnapshots(repository, target === undefined ? { all } : { all, target }, context);
  if (snapshots.length === 0) printer.lines("there are no snapshots");
  else printer.lines(...snapshotLines(snapshots));
  printer.document({ repository: repository.url, snapshots: snapshots.map(snapshotDocument) });
}
