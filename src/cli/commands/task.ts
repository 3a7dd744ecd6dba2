import { defineCommand } from "../command.ts";

export const taskCommand = defineCommand({
  name: "task",
  description:
    "Runs one of the programs of a Job, in its pod. The catalogue's Functions name them and their flags; the operator " +
    "starts them. Standard error gets the log, one JSON document a line.",
  operands: [
    {
      name: "TASK",
      help: "create-backupsession, nats-backup, nats-restore, run-hook, update-status, wipe-out",
      required: true,
    },
    { name: "FLAG", help: "--name=value, as the Function says", many: true },
  ],
  options: {},
  examples: [
    {
      line: "coldstream task create-backupsession --invoker-kind=BackupConfiguration --invoker-name=nightly",
      what: "",
    },
  ],
  run: async (context, _options, operands) => await (await import("../actions/task.ts")).runTask(context, operands),
});
