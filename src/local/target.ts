import { type ServedResource, type Subresource, servedAt } from "./served.ts";

export interface Target {
  readonly resource: ServedResource;
  /** undefined for objects of the cluster, and for all namespaces. */
  readonly namespace: string | undefined;
  /** undefined: the collection. */
  readonly name: string | undefined;
  readonly subresource: Subresource | undefined;
}

/** What a path names; undefined when nothing is served there as a resource. */
export function targetOf(path: string): Target | undefined {
  const segments = segmentsOf(path);
  const [root, ...rest] = segments ?? [];
  if (root === "api") return within("", rest);
  if (root !== "apis") return undefined;
  const [group, ...below] = rest;
  return group === undefined || group === "" ? undefined : within(group, below);
}

function within(group: string, [version, ...rest]: readonly string[]): Target | undefined {
  if (version === undefined) return undefined;
  if (rest[0] === "namespaces" && rest.length > 2) {
    const inside = targetIn({ group, version, namespace: rest[1] }, rest.slice(2));
    if (inside !== undefined) return inside;
  }
  return targetIn({ group, version, namespace: undefined }, rest);
}

interface Location {
  readonly group: string;
  readonly version: string;
  readonly namespace: string | undefined;
}

function targetIn({ group, version, namespace }: Location, rest: readonly string[]): Target | undefined {
  const [plural, name, part, ...more] = rest;
  if (plural === undefined || more.length > 0 || namespace === "" || name === "") return undefined;
  const resource = servedAt(group, version, plural);
  if (resource === undefined) return undefined;
  const isNamespaced = resource.scope === "Namespaced";
  if (namespace !== undefined ? !isNamespaced : isNamespaced && name !== undefined) return undefined;
  const subresource = resource.subresources.find((each) => each === part);
  if (part !== undefined && subresource === undefined) return undefined;
  return { resource, namespace, name, subresource };
}

/** undefined: it is not encoded as paths are. */
function segmentsOf(path: string): readonly string[] | undefined {
  try {
    const segments = path.replace(/\/$/, "").split("/").slice(1);
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
