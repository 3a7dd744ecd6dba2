import { defineCommand } from "../command.ts";
import { text } from "../option.ts";

export const catalogCommand = defineCommand({
  name: "catalog",
  description:
    "Prints the Functions and Tasks that manifests name (nats-backup-2.8.2, nats-restore-2.8.2, ...), as YAML. Their " +
    "Functions run the operator's own image, unless another is given.",
  options: { image: text("--image <ref>", "the image that they run") },
  examples: [{ line: "coldstream catalog | kubectl apply -f -", what: "after coldstream crds" }],
  run: async ({ printer }, { image }) => {
    const { catalogue } = await import("../../operator/catalogue/catalogue.ts");
    const { catalogueStream } = await import("../../operator/catalogue/stream.ts");
    printer.lines(catalogueStream(image).trimEnd());
    printer.document({ items: catalogue(image) });
  },
});
