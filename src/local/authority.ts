import type { User } from "./auth.ts";
import type { Entry } from "./entry.ts";
import { type JsonObject, textAt } from "./json.ts";
import type { Objects } from "./objects.ts";
import { type Attributes, type Granted, isAllowed, rulesFor } from "./rbac.ts";
import { type Claims, readToken } from "./tokens.ts";

const group = "rbac.authorization.k8s.io";

/** Who may do what, by the objects as they are now. */
export interface Authority {
  /** The ServiceAccount whose token it is; undefined when the token is no good, or what it is bound to is gone. */
  account(token: string): User | undefined;
  /** All that the user is granted in a namespace, what holds everywhere included. */
  rules(user: User, namespace: string): readonly Granted[];
  allows(user: User, attributes: Attributes): boolean;
}

export function authorityOf({ store, clock }: Objects, tokenKey: Uint8Array): Authority {
  const parsed = new WeakMap<Entry, JsonObject>();
  const read = (entry: Entry): JsonObject => {
    const found = parsed.get(entry) ?? entry.parse();
    parsed.set(entry, found);
    return found;
  };
  const list = (plural: string, namespace?: string) => store.list(`${plural}.${group}`, namespace).map(read);
  const uidOf = (resource: string, namespace: string, name: string) => {
    const entry = store.get({ resource, namespace, name });
    return entry === undefined ? undefined : textAt(read(entry), "metadata", "uid");
  };
  const isThere = ({ "kubernetes.io": { namespace, serviceaccount, pod } }: Claims) =>
    uidOf("serviceaccounts", namespace, serviceaccount.name) === serviceaccount.uid &&
    (pod === undefined || uidOf("pods", namespace, pod.name) === pod.uid);
  const rules = (user: User, namespace: string) =>
    rulesFor(user, {
      clusterBindings: list("clusterrolebindings"),
      bindings: namespace === "" ? [] : list("rolebindings", namespace),
      role(kind, where, name) {
        const place =
          kind === "Role" ? { plural: "roles", namespace: where } : { plural: "clusterroles", namespace: "" };
        const entry = store.get({ resource: `${place.plural}.${group}`, namespace: place.namespace, name });
        return entry === undefined ? undefined : read(entry);
      },
    });
  return {
    account(token) {
      const claims = readToken(token, tokenKey, clock());
      return claims !== undefined && isThere(claims) ? userOf(claims) : undefined;
    },
    rules,
    allows(user, attributes) {
      if (isAllowed(user, attributes, [])) return true;
      return isAllowed(user, attributes, rules(user, attributes.kind === "path" ? "" : attributes.namespace));
    },
  };
}

function userOf({ sub, "kubernetes.io": { namespace, serviceaccount } }: Claims): User {
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"];
  return { name: sub, uid: serviceaccount.uid, groups };
}
