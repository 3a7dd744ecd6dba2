import { defineCommand } from "../command.ts";
import { toggle, type Values } from "../option.ts";
import { clusterOptions, waitLimit } from "../options/cluster.ts";

export const triggerOptions = {
  wait: toggle("--wait", "until it has ended; the exit status says how"),
  timeout: { ...waitLimit, help: "with --wait: how long at most; without it, as long as it takes" },
  ...clusterOptions,
};
export type TriggerOptions = Values<typeof triggerOptions>;

export const triggerCommand = defineCommand({
  name: "trigger",
  description:
    "Backs up now: makes a BackupSession of a BackupConfiguration, as its schedule would. With --wait the exit status is 0 when " +
    "it succeeded, 1 when it failed, 4 when it was skipped, 16 when time was up first; Ctrl-C ends the waiting, not the backup. " +
    "JSON: {namespace, session, phase, duration, error}.",
  operands: [
    { name: "CONFIGURATION", help: "name of the BackupConfiguration, or bc/NAME", required: true, many: true },
  ],
  options: triggerOptions,
  examples: [
    { line: "coldstream trigger sample-nats-backup -n demo --wait", what: "and see it through" },
    { line: "coldstream trigger sample-nats-backup -n demo --json | jq -r .session", what: "its name, for a script" },
  ],
  run: async (context, options, operands) =>
    await (await import("../actions/trigger.ts")).triggerBackup(context, options, operands),
});
