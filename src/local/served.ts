import { crds } from "../api/crd.ts";
import { type Kind, kinds } from "../api/kinds.ts";
import { type Column, columnsOfKind } from "./columns.ts";
import { columnsOfBuiltIn } from "./columns-built-in.ts";
import { definitionName, definitions } from "./schema/definitions.ts";
import type { Schema } from "./schema/schema.ts";

export type Subresource = "status" | "log" | "token" | "binding" | "finalize";

/** A kind that is served: where it lies, what may be done with it, what it looks like. */
export interface ServedResource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
  /** Read when first asked for. */
  readonly schema: Schema | undefined;
  readonly columns: readonly Column[];
  /** Treated as a custom resource is: generations are counted for every change outside metadata and status. */
  readonly isOurs: boolean;
}

interface BuiltIn {
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly scope?: "Cluster";
  readonly verbs?: readonly string[];
  readonly subresources?: readonly Subresource[];
}

const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"] as const;
const onlyCreate = { scope: "Cluster", verbs: ["create"] } as const;

/** What of Kubernetes the operator, our Jobs, the controllers and kubectl ask for: group/version -> kind. */
const builtIn: Readonly<Record<string, Readonly<Record<string, BuiltIn>>>> = {
  "/v1": {
    ConfigMap: { plural: "configmaps", shortNames: ["cm"] },
    Endpoints: { plural: "endpoints", shortNames: ["ep"] },
    Event: { plural: "events", shortNames: ["ev"] },
    Namespace: {
      plural: "namespaces",
      shortNames: ["ns"],
      scope: "Cluster",
      verbs: allVerbs.filter((verb) => verb !== "deletecollection"),
      subresources: ["finalize", "status"],
    },
    Node: { plural: "nodes", shortNames: ["no"], scope: "Cluster", subresources: ["status"] },
    PersistentVolumeClaim: { plural: "persistentvolumeclaims", shortNames: ["pvc"], subresources: ["status"] },
    PersistentVolume: {
      plural: "persistentvolumes",
      shortNames: ["pv"],
      scope: "Cluster",
      subresources: ["status"],
    },
    Pod: { plural: "pods", shortNames: ["po"], categories: ["all"], subresources: ["binding", "log", "status"] },
    Secret: { plural: "secrets" },
    ServiceAccount: { plural: "serviceaccounts", shortNames: ["sa"], subresources: ["token"] },
    Service: { plural: "services", shortNames: ["svc"], categories: ["all"], subresources: ["status"] },
  },
  "authentication.k8s.io/v1": { SelfSubjectReview: { plural: "selfsubjectreviews", ...onlyCreate } },
  "authorization.k8s.io/v1": {
    SelfSubjectAccessReview: { plural: "selfsubjectaccessreviews", ...onlyCreate },
    SelfSubjectRulesReview: { plural: "selfsubjectrulesreviews", ...onlyCreate },
  },
  "batch/v1": {
    CronJob: { plural: "cronjobs", shortNames: ["cj"], categories: ["all"], subresources: ["status"] },
    Job: { plural: "jobs", categories: ["all"], subresources: ["status"] },
  },
  "coordination.k8s.io/v1": { Lease: { plural: "leases" } },
  "rbac.authorization.k8s.io/v1": {
    ClusterRoleBinding: { plural: "clusterrolebindings", scope: "Cluster" },
    ClusterRole: { plural: "clusterroles", scope: "Cluster" },
    RoleBinding: { plural: "rolebindings" },
    Role: { plural: "roles" },
  },
  "storage.k8s.io/v1": { StorageClass: { plural: "storageclasses", shortNames: ["sc"], scope: "Cluster" } },
};

/** Every kind that is served, Kubernetes' own first. Fixed: there are no CustomResourceDefinitions to write. */
export const servedResources: readonly ServedResource[] = [
  ...Object.entries(builtIn).flatMap(([groupVersion, entries]) =>
    Object.entries(entries).map(([kind, entry]) => servedBuiltIn(groupVersion, kind, entry)),
  ),
  ...(Object.keys(kinds) as Kind[]).map(servedKind),
];

function servedBuiltIn(groupVersion: string, kind: string, entry: BuiltIn): ServedResource {
  const [group = "", version = ""] = groupVersion.split("/");
  const { plural, shortNames = [], categories = [], scope = "Namespaced", verbs = allVerbs, subresources = [] } = entry;
  return {
    ...{ group, version, kind, plural, singular: kind.toLowerCase(), shortNames, categories },
    ...{ scope, verbs, subresources, columns: columnsOfBuiltIn(kind), isOurs: false },
    get schema() {
      const name = definitionName(group, version, kind);
      return name === undefined ? undefined : definitions()[name];
    },
  };
}

function servedKind(kind: Kind): ServedResource {
  const { group, version, plural, shortNames, categories, scope, statusSubresource } = kinds[kind];
  return {
    ...{ group, version, kind, plural, singular: kind.toLowerCase(), shortNames, categories, scope },
    ...{ verbs: allVerbs, subresources: statusSubresource ? ["status"] : [], isOurs: true },
    columns: columnsOfKind(kinds[kind].columns),
    get schema() {
      return schemasOfOurs().get(kind);
    },
  };
}

/** Made from zod once: it costs a quarter of a second. */
let ours: ReadonlyMap<string, Schema> | undefined;
function schemasOfOurs(): ReadonlyMap<string, Schema> {
  ours ??= new Map(
    crds().flatMap(({ spec }) => spec.versions.map((each) => [spec.names.kind, each.schema.openAPIV3Schema])),
  );
  return ours;
}

/** The kind that lies at this place; undefined when it is not served. */
export function servedAt(group: string, version: string, plural: string): ServedResource | undefined {
  return servedResources.find((each) => each.group === group && each.version === version && each.plural === plural);
}

/** `v1`, `batch/v1`. */
export function groupVersionOf({ group, version }: Pick<ServedResource, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}
