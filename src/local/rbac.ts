import type { User } from "./auth.ts";
import { at, isObject, type JsonObject, type JsonValue, listAt, textAt } from "./json.ts";

/** What somebody wants to do: with a resource, or at another path. */
export type Attributes =
  | {
      readonly kind: "resource";
      readonly verb: string;
      readonly group: string;
      readonly plural: string;
      readonly subresource: string | undefined;
      /** "": all of them, or of the cluster. */
      readonly namespace: string;
      /** "": no certain one. */
      readonly name: string;
    }
  | { readonly kind: "path"; readonly verb: string; readonly path: string };

/** A rule of a Role, and where it holds. */
export interface Granted {
  /** "": everywhere. */
  readonly namespace: string;
  readonly rule: JsonObject;
}

/** What RBAC's objects say; bindings and roles of all namespaces. */
export interface Policy {
  readonly clusterBindings: readonly JsonObject[];
  readonly bindings: readonly JsonObject[];
  role(kind: string, namespace: string, name: string): JsonObject | undefined;
}

/** All rules that hold for the user. Bindings to roles that are not there grant nothing. */
export function rulesFor(user: User, { clusterBindings, bindings, role }: Policy): readonly Granted[] {
  const granted = (binding: JsonObject, namespace: string): readonly Granted[] => {
    if (!listAt(binding, "subjects").some((subject) => isMeant(user, subject as JsonObject, namespace))) return [];
    const { kind, name } = { kind: textAt(binding, "roleRef", "kind"), name: textAt(binding, "roleRef", "name") };
    const rules = listAt(role(kind, namespace, name), "rules");
    return rules.map((rule) => ({ namespace, rule: rule as JsonObject }));
  };
  return [
    ...clusterBindings.flatMap((binding) => granted(binding, "")),
    ...bindings.flatMap((binding) => granted(binding, textAt(binding, "metadata", "namespace"))),
  ];
}

function isMeant({ name, groups }: User, subject: JsonObject, bindingNamespace: string): boolean {
  const named = textAt(subject, "name");
  switch (textAt(subject, "kind")) {
    case "User":
      return named === name;
    case "Group":
      return groups.includes(named);
    case "ServiceAccount":
      return name === `system:serviceaccount:${textAt(subject, "namespace") || bindingNamespace}:${named}`;
    default:
      return false;
  }
}

/** system:masters may do everything, whatever the roles say. */
export function isAllowed(user: User, attributes: Attributes, granted: readonly Granted[]): boolean {
  if (user.groups.includes("system:masters")) return true;
  return granted.some(({ namespace, rule }) => {
    if (attributes.kind === "path") return namespace === "" && allowsPath(rule, attributes);
    return (namespace === "" || namespace === attributes.namespace) && allowsResource(rule, attributes);
  });
}

function allowsPath(rule: JsonObject, { verb, path }: Attributes & { readonly kind: "path" }): boolean {
  const isPath = texts(rule, "nonResourceURLs").some(
    (each) => each === path || each === "*" || (each.endsWith("*") && path.startsWith(each.slice(0, -1))),
  );
  return isPath && includes(rule, "verbs", verb);
}

function allowsResource(rule: JsonObject, asked: Attributes & { readonly kind: "resource" }): boolean {
  const { verb, group, plural, subresource, name } = asked;
  const names = texts(rule, "resourceNames");
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const resources = texts(rule, "resources");
  return (
    includes(rule, "verbs", verb) &&
    includes(rule, "apiGroups", group) &&
    (resources.includes("*") ||
      resources.includes(resource) ||
      (subresource !== undefined && resources.includes(`*/${subresource}`))) &&
    (names.length === 0 || (name !== "" && names.includes(name)))
  );
}

function includes(rule: JsonObject, field: string, value: string): boolean {
  const all = texts(rule, field);
  return all.includes("*") || all.includes(value);
}

function texts(rule: JsonObject, field: string): readonly string[] {
  const all = at(rule, field);
  return Array.isArray(all) ? all.filter((one): one is string => typeof one === "string") : [];
}

/** One verb with one resource (of one name), or at one path. */
export interface SimpleRule {
  readonly verb: string;
  readonly group: string | undefined;
  readonly resource: string | undefined;
  readonly name: string | undefined;
  readonly path: string | undefined;
}

/** All that a role's rules grant. */
export function simpleRules(rules: readonly JsonValue[]): readonly SimpleRule[] {
  return rules.filter(isObject).flatMap((rule) => {
    const names = texts(rule, "resourceNames");
    const resources = texts(rule, "apiGroups").flatMap((group) =>
      texts(rule, "resources").flatMap((resource) =>
        (names.length === 0 ? [undefined] : names).map((name) => ({ group, resource, name, path: undefined })),
      ),
    );
    const no = { group: undefined, resource: undefined, name: undefined };
    const paths = texts(rule, "nonResourceURLs").map((path) => ({ ...no, path }));
    return [...resources, ...paths].flatMap((what) => texts(rule, "verbs").map((verb) => ({ verb, ...what })));
  });
}

/** Whether who has the rule has the other one too. */
export function covers(rule: JsonObject, { verb, group, resource = "", name, path }: SimpleRule): boolean {
  if (!includes(rule, "verbs", verb)) return false;
  if (path !== undefined) {
    return texts(rule, "nonResourceURLs").some(
      (each) => each === path || (each.endsWith("*") && path.startsWith(each.replace(/\*+$/, ""))),
    );
  }
  const [, subresource] = resource.split("/");
  const resources = texts(rule, "resources");
  const isResource =
    resources.includes("*") ||
    resources.includes(resource) ||
    (subresource !== undefined && resources.includes(`*/${subresource}`));
  const names = texts(rule, "resourceNames");
  const isName = names.length === 0 || (name !== undefined && names.includes(name));
  return includes(rule, "apiGroups", group ?? "") && isResource && isName;
}

/** Why not, as Kubernetes' RBAC words it. */
export function refusal(user: User, attributes: Attributes): string {
  const who = `User ${JSON.stringify(user.name)} cannot ${attributes.verb}`;
  if (attributes.kind === "path") return `${who} path ${JSON.stringify(attributes.path)}`;
  const { group, plural, subresource, namespace } = attributes;
  const resource = JSON.stringify(subresource === undefined ? plural : `${plural}/${subresource}`);
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} resource ${resource} in API group ${JSON.stringify(group)} ${where}`;
}
