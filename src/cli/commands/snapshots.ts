import { defineCommand } from "../command.ts";
import type { Values } from "../option.ts";
import { toggle } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";
import { targetOption } from "../options/target.ts";

export const snapshotsOptions = {
  all: toggle("-a, --all", "incomplete ones too"),
  target: targetOption("only those of this target"),
  ...repositoryOptions,
};
export type SnapshotsOptions = Values<typeof snapshotsOptions>;

export const snapshotsCommand = defineCommand({
  name: "snapshots",
  description: "Lists the snapshots of the repository, newest last.",
  options: snapshotsOptions,
  examples: [
    { line: "coldstream snapshots", what: "every complete snapshot" },
    { line: "coldstream snapshots --json | jq -r '.snapshots[-1].id'", what: "the newest one's id" },
  ],
  run: async (context, options) => await (await import("../actions/snapshots.ts")).showSnapshots(context, options),
});
