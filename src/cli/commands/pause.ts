import { defineCommand } from "../command.ts";
import { clusterOptions } from "../options/cluster.ts";

export const pauseCommand = defineCommand({
  name: "pause",
  description:
    "Lets a BackupConfiguration make no sessions until it is resumed: before a restore, or while a server is worked on. What runs " +
    "goes on. JSON: {namespace, name, paused, changed}.",
  operands: [
    { name: "CONFIGURATION", help: "name of the BackupConfiguration, or bc/NAME", required: true, many: true },
  ],
  options: clusterOptions,
  examples: [{ line: "coldstream pause sample-nats-backup -n demo", what: "no backups for now" }],
  run: async (context, options, operands) =>
    await (await import("../actions/pause.ts")).setPaused(context, { options, operands, paused: true }),
});
