import { stringify } from "yaml";
import { catalogue } from "./catalogue.ts";

/** Objects as one stream, for `kubectl apply -f -`. */
export function toStream(objects: readonly object[]): string {
  // Kubernetes reads YAML 1.1, where a bare `on` is a truth value.
  const style = { compat: "yaml-1.1", aliasDuplicateObjects: false, indentSeq: false, lineWidth: 120 } as const;
  return objects.map((object) => `---\n${stringify(object, style)}`).join("");
}

/** `coldstream catalog`. Without an image the Functions run the operator's. */
export function catalogueStream(image?: string): string {
  return toStream(catalogue(image));
}
