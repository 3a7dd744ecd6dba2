import { stringify } from "yaml";
import { type Crd, crds } from "./crd.ts";

/** The files of deploy/crds: name -> text. */
export function crdFiles(): ReadonlyMap<string, string> {
  return new Map(crds().map((crd) => [`${crd.metadata.name}.yaml`, crdText(crd)]));
}

/** All definitions as one stream, for `kubectl apply -f -`. */
export function crdStream(): string {
  return crds()
    .map((crd) => `---\n${crdText(crd)}`)
    .join("");
}

function crdText(crd: Crd): string {
  // Kubernetes reads YAML 1.1, where a bare `on` is a truth value.
  return stringify(crd, { compat: "yaml-1.1", aliasDuplicateObjects: false, indentSeq: false, lineWidth: 120 });
}
