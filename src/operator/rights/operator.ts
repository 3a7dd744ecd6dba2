import type { Kind } from "../../api/kinds.ts";
import type { PolicyRule } from "../../kube/core.ts";
import { allow, allowCore } from "./rule.ts";
import { hookClusterRoleName } from "./session.ts";

/**
 * What the operator may do everywhere: what it does itself, and what it grants to Jobs, for a cluster lets nobody grant what
 * he does not hold. Not `escalate`; `bind` for the one ClusterRole of hooks, whose exec it does not hold itself.
 */
export function operatorRules({ copiesPullSecrets }: { readonly copiesPullSecrets: boolean }): readonly PolicyRule[] {
  return [
    ...ownKinds,
    // By name only, as documents name them; never a list of all.
    allowCore("secrets", copiesPullSecrets ? ["get", "create", "patch"] : ["get"]),
    ...kubernetesKinds,
    ...rightsOverRights,
  ];
}

const reads = ["get", "list", "watch"] as const;
/** An object's finalizers are written by a patch of the object. */
const readsAndHolds = [...reads, "patch"] as const;
/** The operator's own way, and the others that Jobs are granted. */
const statusOfJobs = ["get", "update", "patch"] as const;

/** Asked by some clusters (OpenShift) of whoever makes an object that its owner's deletion waits for. */
const owners: readonly Kind[] = ["Repository", "BackupConfiguration", "BackupSession", "RestoreSession"];

const ownKinds: readonly PolicyRule[] = [
  allow("Repository", readsAndHolds),
  allow("Repository", statusOfJobs, { part: "status" }),
  allow("BackupConfiguration", readsAndHolds),
  allow("BackupConfiguration", ["update"], { part: "status" }),
  allow("BackupSession", [...reads, "create", "delete"]),
  allow("BackupSession", statusOfJobs, { part: "status" }),
  allow("RestoreSession", readsAndHolds),
  allow("RestoreSession", statusOfJobs, { part: "status" }),
  allow("BackupBatch", reads),
  allow("BackupBatch", ["update"], { part: "status" }),
  allow("RestoreBatch", reads),
  allow("RestoreBatch", ["update"], { part: "status" }),
  allow("BackupBlueprint", reads),
  allow("Task", reads),
  allow("Function", reads),
  allow("AppBinding", reads),
  allow("Snapshot", [...reads, "create", "patch", "delete"]),
  ...owners.map((kind) => allow(kind, ["update"], { part: "finalizers" })),
];

const kubernetesKinds: readonly PolicyRule[] = [
  allowCore("namespaces", reads),
  allowCore("serviceaccounts", ["get", "create", "patch", "delete"]),
  allowCore("configmaps", [...reads, "create", "update", "patch"]),
  allowCore("persistentvolumeclaims", [...reads, "create", "patch", "delete"]),
  // A pod that has ended holds its session's claim as long as it is there.
  allowCore("pods", [...reads, "delete"]),
  allowCore("pods/log", ["get"]),
  // Granted to the Jobs of sessions with hooks.
  allowCore("endpoints", ["get"]),
  allowCore("events", ["create", "patch"]),
  allowCore("jobs", [...reads, "create", "patch", "delete"], { group: "batch" }),
  allowCore("cronjobs", [...reads, "create", "patch", "delete"], { group: "batch" }),
];

const rbac = "rbac.authorization.k8s.io";

const rightsOverRights: readonly PolicyRule[] = [
  allowCore("roles", [...reads, "create", "patch", "delete"], { group: rbac }),
  allowCore("rolebindings", ["get", "create", "patch", "delete"], { group: rbac }),
  allowCore("clusterroles", ["bind"], { group: rbac, names: [hookClusterRoleName] }),
];

/** In its own namespace: the Lease of the one that leads, and the label on its own pod that says so. */
export const leaderRules: readonly PolicyRule[] = [
  allowCore("leases", ["get", "create", "update", "patch"], { group: "coordination.k8s.io" }),
  allowCore("pods", ["get", "patch"]),
];
