import type { JsonObject } from "./json.ts";
import { groupVersionOf, type ServedResource, type Subresource, servedResources } from "./served.ts";

/** The Kubernetes whose behaviour is served; clients look at it before they use what is new. */
const version = { major: "1", minor: "35", gitVersion: "v1.35.4" } as const;

export interface DiscoveryOptions {
  /** `127.0.0.1:6443`: where clients reach the server. */
  readonly address: string;
  /** Goes to `/version` behind Kubernetes' own: `v1.35.4+coldstream`. */
  readonly build: string;
}

/**
 * What is served, for clients that ask before they do anything: `/api`, `/apis`, `/api/v1`, `/apis/GROUP`,
 * `/apis/GROUP/VERSION` and `/version`. Always in the old form: there is no aggregated discovery. undefined: 404.
 */
export function discovery(path: string, options: DiscoveryOptions): JsonObject | undefined {
  const [root, ...parts] = path.split("/").filter((part) => part !== "");
  switch (root) {
    case "version":
      return parts.length === 0 ? versionInfo(options) : undefined;
    case "api":
      return parts.length === 0 ? apiVersions(options) : parts.length === 1 ? resourceList("", parts[0]) : undefined;
    case "apis":
      return parts.length > 2 ? undefined : apis(parts);
    default:
      return undefined;
  }
}

function apis([group, groupVersion]: readonly string[]): JsonObject | undefined {
  const groups = [...new Set(servedResources.map((each) => each.group).filter((each) => each !== ""))];
  if (group === undefined) return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(groupOf) };
  if (!groups.includes(group)) return undefined;
  if (groupVersion === undefined) return { kind: "APIGroup", apiVersion: "v1", ...groupOf(group) };
  return resourceList(group, groupVersion);
}

/** The newest version first: it is the one that clients take. */
function groupOf(group: string): JsonObject {
  const versions = [...new Set(servedResources.filter((each) => each.group === group).map((each) => each.version))];
  const named = versions.sort(newestFirst).map((each) => ({ groupVersion: `${group}/${each}`, version: each }));
  return { name: group, versions: named, ...(named[0] === undefined ? {} : { preferredVersion: named[0] }) };
}

function newestFirst(one: string, other: string): number {
  return rank(other) - rank(one) || (one < other ? 1 : -1);
}

function rank(text: string): number {
  return text.includes("alpha") ? 0 : text.includes("beta") ? 1 : 2;
}

function resourceList(group: string, groupVersion: string | undefined): JsonObject | undefined {
  const found = servedResources.filter((each) => each.group === group && each.version === groupVersion);
  const first = found[0];
  if (first === undefined) return undefined;
  const sorted = found.toSorted((a, b) => (a.plural < b.plural ? -1 : 1));
  const resources = sorted.flatMap((each) => [
    listed(each),
    ...each.subresources.map((part) => listedPart(each, part)),
  ]);
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion: groupVersionOf(first), resources };
}

function listed({ plural, singular, scope, kind, verbs, shortNames, categories }: ServedResource): JsonObject {
  return {
    ...{ name: plural, singularName: singular, namespaced: scope === "Namespaced", kind, verbs },
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
}

/** What is sent to a subresource where it is not the object itself, and what can be done with it. */
const parts: Readonly<Record<Subresource, JsonObject>> = {
  binding: { kind: "Binding", verbs: ["create"] },
  finalize: { verbs: ["update"] },
  log: { verbs: ["get"] },
  status: { verbs: ["get", "patch", "update"] },
  token: { kind: "TokenRequest", group: "authentication.k8s.io", version: "v1", verbs: ["create"] },
};

function listedPart({ plural, scope, kind }: ServedResource, part: Subresource): JsonObject {
  return { name: `${plural}/${part}`, singularName: "", namespaced: scope === "Namespaced", kind, ...parts[part] };
}

function apiVersions({ address }: DiscoveryOptions): JsonObject {
  const serverAddressByClientCIDRs = [{ clientCIDR: "0.0.0.0/0", serverAddress: address }];
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs };
}

function versionInfo({ build }: DiscoveryOptions): JsonObject {
  const platform = `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`;
  return {
    ...{ ...version, gitVersion: `${version.gitVersion}+${build}`, gitCommit: "", gitTreeState: "", buildDate: "" },
    ...{ goVersion: "", compiler: "", platform },
  };
}
