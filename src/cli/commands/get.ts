import { defineCommand } from "../command.ts";
import { text, toggle, type Values } from "../option.ts";
import { allNamespaces, clusterOptions, formatOption, kindWords, selectionOptions } from "../options/cluster.ts";

export const getOptions = {
  allNamespaces,
  ...selectionOptions,
  fieldSelector: text("--field-selector <fields>", "only those with these fields, as metadata.name=x"),
  watch: toggle("-w, --watch", "go on, and show what changes, until Ctrl-C"),
  ...formatOption("text: the server's table; wide: with more columns; or the objects", [
    ...(["text", "json", "yaml", "wide", "name"] as const),
  ]),
  ...clusterOptions,
};
export type GetOptions = Values<typeof getOptions>;

export const getCommand = defineCommand({
  name: "get",
  description:
    "Shows objects of a cluster as tables, or whole. KIND is a plural, a singular or a short name: bc, repo, " +
    "backupsessions, restoresessions, snapshots, jobs, pods, secrets, events. JSON is the object, or a List with items; " +
    "with --watch one object a line. Values of Secrets are shown with -o yaml and -o json only.",
  operands: [
    { name: "KIND", help: "which kind, several with commas, or KIND/NAME", required: true, words: kindWords },
    { name: "NAME", help: "which of them; all when left out", many: true },
  ],
  options: getOptions,
  examples: [
    { line: "coldstream get bc -n demo", what: "the backups of a namespace" },
    { line: "coldstream get backupsessions -A -w", what: "every run, as it happens" },
    { line: "coldstream get repo/s3-repo -n demo -o yaml", what: "all there is to know about one" },
  ],
  run: async (context, options, operands) =>
    await (await import("../actions/get.ts")).getObjects(context, options, operands),
});
