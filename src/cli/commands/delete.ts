import { defineCommand } from "../command.ts";
import { toggle, type Values } from "../option.ts";
import {
  clusterOptions,
  dryRunOption,
  fileOptions,
  formatOption,
  kindWords,
  selectionOptions,
  waitLimit,
} from "../options/cluster.ts";

export const deleteOptions = {
  ...fileOptions,
  ...selectionOptions,
  all: toggle("--all", "every one of this kind in the namespace"),
  ignoreNotFound: toggle("--ignore-not-found", "what is not there is no failure"),
  wait: toggle("--wait", "until they are gone"),
  timeout: { ...waitLimit, help: "with --wait: how long at most; default 1m" },
  dryRun: dryRunOption,
  ...formatOption("text for people, the names alone, or one JSON document", ["text", "json", "name"]),
  ...clusterOptions,
};
export type DeleteOptions = Values<typeof deleteOptions>;

export const deleteCommand = defineCommand({
  name: "delete",
  description:
    "Deletes objects. It does not ask; it says what goes with them and what stays. Backups stay, unless their Repository " +
    "has wipeOut. JSON: {deleted: [{kind, namespace, name}], dryRun, missing}.",
  operands: [
    { name: "KIND", help: "which kind, or KIND/NAME; none with -f", words: kindWords },
    { name: "NAME", help: "which of them", many: true },
  ],
  options: deleteOptions,
  examples: [
    { line: "coldstream delete bc sample-nats-backup -n demo --wait", what: "one, and wait until it is gone" },
    { line: "coldstream delete -f manifests/", what: "what was applied from these files" },
    { line: "coldstream delete backupsessions -l team=a -n demo", what: "those with a label" },
  ],
  run: async (context, options, operands) =>
    await (await import("../actions/delete.ts")).deleteObjects(context, options, operands),
});
