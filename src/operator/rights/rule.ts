import { type Kind, kinds } from "../../api/kinds.ts";
import { type PolicyRule, roleBindings, roles } from "../../kube/core.ts";
import { type MadeObject, type Metadata, made } from "../made.ts";

/** What may be done to one of our kinds; with names, to those objects only (there are no names when one is made). */
export function allow(
  kind: Kind,
  verbs: readonly string[],
  { part, names }: { readonly part?: "status" | "finalizers"; readonly names?: readonly string[] } = {},
): PolicyRule {
  const { group, plural } = kinds[kind];
  return allowCore(part === undefined ? plural : `${plural}/${part}`, verbs, { group, ...(names && { names }) });
}

/** Likewise for Kubernetes' own. */
export function allowCore(
  resource: string,
  verbs: readonly string[],
  { group = "", names }: { readonly group?: string; readonly names?: readonly string[] } = {},
): PolicyRule {
  return {
    apiGroups: [group],
    resources: [resource],
    ...(names === undefined ? {} : { resourceNames: [...new Set(names)] }),
    verbs: [...verbs],
  };
}

/** To read and write the status of one object, as it is read anew before each write. */
export function allowStatus(kind: Kind, name: string): readonly PolicyRule[] {
  return [
    allow(kind, ["get"], { names: [name] }),
    allow(kind, ["get", "update", "patch"], { part: "status", names: [name] }),
  ];
}

export interface Account {
  readonly name: string;
  readonly namespace: string;
}

/** A Role and its RoleBinding, named alike. */
export function roleFor(metadata: Metadata, rules: readonly PolicyRule[], account: Account): readonly MadeObject[] {
  return [made(roles, { metadata, rules }), made(roleBindings, { metadata, ...bind("Role", metadata.name, account) })];
}

export function bind(kind: "Role" | "ClusterRole", name: string, account: Account) {
  return {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name },
    subjects: [{ kind: "ServiceAccount", ...account }],
  };
}
