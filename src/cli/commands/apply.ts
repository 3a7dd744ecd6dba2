import { defineCommand } from "../command.ts";
import type { Values } from "../option.ts";
import { clusterOptions, dryRunOption, fileOptions, formatOption } from "../options/cluster.ts";

export const applyOptions = {
  ...fileOptions,
  dryRun: dryRunOption,
  ...formatOption("text for people, the names alone, or one JSON document", ["text", "json", "name"]),
  ...clusterOptions,
};
export type ApplyOptions = Values<typeof applyOptions>;

export const applyCommand = defineCommand({
  name: "apply",
  description:
    "Makes objects that are not there, and changes those that are to what the files say. All files are read and checked " +
    "first; a field that nobody knows is refused. What somebody else has set stays. kubectl apply can go on from it. JSON: " +
    "{applied: [{apiVersion, kind, namespace, name, result, dryRun, failure}]}.",
  options: applyOptions,
  examples: [
    { line: "coldstream apply -f repository.yaml", what: "from a file" },
    { line: "coldstream crds | coldstream apply -f -", what: "from another program" },
    { line: "coldstream apply -f manifests/ --dry-run server", what: "would the cluster take it?" },
  ],
  run: async (context, options) => await (await import("../actions/apply.ts")).applyManifests(context, options),
});
