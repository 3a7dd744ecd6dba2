import { defineCommand } from "../command.ts";

export const crdsCommand = defineCommand({
  name: "crds",
  description: "Prints the CustomResourceDefinitions of the operator's kinds, which are Stash's, as YAML.",
  options: {},
  examples: [{ line: "coldstream crds | kubectl apply --server-side -f -", what: "before the operator" }],
  run: async ({ printer }) => {
    const [{ crds }, { crdStream }] = await Promise.all([import("../../api/crd.ts"), import("../../api/crd-file.ts")]);
    printer.lines(crdStream().trimEnd());
    printer.document({ items: crds() });
  },
});
