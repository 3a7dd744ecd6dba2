import { listSnapshots } from "../../vault/catalog.ts";
import { defineCommand } from "../command.ts";
import { toggle } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";
import { targetOption } from "../options/target.ts";
import { loadProfile } from "../profile.ts";
import { snapshotLines } from "../report-text.ts";
import { openNamedRepository } from "../repository-session.ts";

export const snapshotsCommand = defineCommand({
  name: "snapshots",
  description: "Lists the snapshots of the repository, newest last.",
  options: {
    all: toggle("-a, --all", "incomplete ones too"),
    target: targetOption("only those of this target"),
    ...repositoryOptions,
  },
  examples: [
    { line: "coldstream snapshots", what: "every complete snapshot" },
    { line: "coldstream snapshots --json | jq -r '.snapshots[-1].id'", what: "the newest one's id" },
  ],
  async run(context, options) {
    const { printer } = context;
    const repository = await openNamedRepository(context, options, await loadProfile(context, options));
    const { all, target } = options;
    const snapshots = await listSnapshots(repository, target === undefined ? { all } : { all, target }, context);
    if (snapshots.length === 0) printer.lines("there are no snapshots");
    else printer.lines(...snapshotLines(snapshots));
    printer.document({ repository: repository.url, snapshots });
  },
});
