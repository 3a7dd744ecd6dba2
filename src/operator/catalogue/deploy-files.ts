import { operatorManifests, rightsManifests } from "../rights/manifests.ts";
import { catalogueStream, toStream } from "./stream.ts";

/** What deploy/ holds besides the kinds: name -> text. */
export function deployFiles(version: string): ReadonlyMap<string, string> {
  const options = { namespace: "coldstream", image: `coldstream:${version}` };
  return new Map([
    ["catalogue.yaml", catalogueStream()],
    ["operator.yaml", toStream(operatorManifests(options))],
    ["rbac.yaml", toStream(rightsManifests(options))],
  ]);
}
