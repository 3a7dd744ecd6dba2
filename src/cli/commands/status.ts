import { defineCommand } from "../command.ts";
import type { Values } from "../option.ts";
import { allNamespaces, clusterOptions } from "../options/cluster.ts";

export const statusOptions = { allNamespaces, ...clusterOptions };
export type StatusOptions = Values<typeof statusOptions>;

export const statusCommand = defineCommand({
  name: "status",
  description:
    "Shows on one page how the backups stand: of each BackupConfiguration its phase, last run, last success, next run, " +
    "Repository, whether that is whole, and whether the last backup was proven. The exit status is 0 when all is well, 1 when a " +
    "configuration is not ready, its last run failed or the next is overdue, 5 when a Repository is damaged or a proof showed a difference. JSON: " +
    "{configurations: [{namespace, name, phase, paused, schedule, lastSession, lastSuccess, nextRun, overdueSince, repository, proof, problems}], isWell}.",
  operands: [{ name: "CONFIGURATION", help: "only these; all when left out", many: true }],
  options: statusOptions,
  examples: [
    { line: "coldstream status -A", what: "all of them" },
    { line: "coldstream status -n demo --quiet || echo 'look at the backups'", what: "for a script" },
  ],
  run: async (context, options, operands) =>
    await (await import("../actions/status.ts")).showStatus(context, options, operands),
});
