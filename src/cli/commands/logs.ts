import { defineCommand } from "../command.ts";
import { text, toggle, type Values, whole } from "../option.ts";
import { clusterOptions } from "../options/cluster.ts";

export const logsOptions = {
  follow: toggle("-f, --follow", "go on until the pod has ended; before it has begun, wait for it"),
  tail: whole("--tail <lines>", "only the last lines of each container", { min: 0, max: 1_000_000 }),
  container: text("-c, --container <name>", "only that of one container"),
  ...clusterOptions,
};
export type LogsOptions = Values<typeof logsOptions>;

export const logsCommand = defineCommand({
  name: "logs",
  description:
    "Shows what the containers of a session's, Job's or pod's pod have said, in the order in which they run. JSON: {namespace, " +
    "pod, containers: [{container, lines}]}; with --follow {container, line}, one a line.",
  operands: [
    {
      name: "NAME",
      help: "a BackupSession, RestoreSession, Job or Pod; KIND/NAME; bc/NAME: its newest session",
      required: true,
      many: true,
    },
  ],
  options: logsOptions,
  examples: [
    { line: "coldstream logs bc/sample-nats-backup -n demo", what: "of the last backup" },
    { line: "coldstream logs restoresession/orders-back -n demo -f", what: "as it goes on" },
  ],
  run: async (context, options, operands) =>
    await (await import("../actions/logs.ts")).showLogs(context, options, operands),
});
