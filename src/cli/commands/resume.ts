import { defineCommand } from "../command.ts";
import { clusterOptions } from "../options/cluster.ts";

export const resumeCommand = defineCommand({
  name: "resume",
  description:
    "Lets a paused BackupConfiguration make sessions again, from its next slot on. JSON: {namespace, name, paused, changed}.",
  operands: [
    { name: "CONFIGURATION", help: "name of the BackupConfiguration, or bc/NAME", required: true, many: true },
  ],
  options: clusterOptions,
  examples: [{ line: "coldstream resume sample-nats-backup -n demo", what: "backups go on" }],
  run: async (context, options, operands) =>
    await (await import("../actions/pause.ts")).setPaused(context, { options, operands, paused: false }),
});
