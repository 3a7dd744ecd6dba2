import type { User } from "./auth.ts";
import type { Authority } from "./authority.ts";
import { type JsonObject, listAt, textAt } from "./json.ts";
import { type ObjectAt, type Objects, placeOf } from "./objects.ts";
import { type Attributes, covers, type SimpleRule, simpleRules } from "./rbac.ts";
import { servedAt } from "./served.ts";
import { forbidden, notFound } from "./status.ts";
import type { Target } from "./target.ts";

export interface Granting {
  readonly objects: Objects;
  readonly authority: Authority;
  readonly user: User;
  /** Without a name where an object is made by POST. */
  readonly target: Pick<Target, "name">;
}

const group = "rbac.authorization.k8s.io";
const roles: ReadonlySet<string> = new Set(["roles", "clusterroles"]);
const bindings: ReadonlySet<string> = new Set(["rolebindings", "clusterrolebindings"]);

/**
 * Nobody gives what he does not hold: throws Refused for a role with such rules, or a binding to one. As in Kubernetes who may
 * `escalate` roles may, who may `bind` that role, and system:masters.
 */
export function checkGrant(granting: Granting, place: ObjectAt, object: JsonObject): void {
  const { resource } = place;
  if (resource.group !== group || granting.user.groups.includes("system:masters")) return;
  if (roles.has(resource.plural) && !isAllowed(granting, "escalate", { ...place, name: granting.target.name ?? "" })) {
    checkRules(granting, place, simpleRules(listAt(object, "rules")));
  }
  if (bindings.has(resource.plural)) checkBinding(granting, place, object);
}

function checkBinding(granting: Granting, place: ObjectAt, object: JsonObject): void {
  const [kind, name] = [textAt(object, "roleRef", "kind"), textAt(object, "roleRef", "name")];
  const resource = servedAt(group, "v1", kind === "Role" ? "roles" : "clusterroles");
  if (resource === undefined || isAllowed(granting, "bind", { resource, namespace: place.namespace, name })) return;
  const role = granting.objects.store.get(
    placeOf({ resource, namespace: kind === "Role" ? place.namespace : "", name }),
  );
  if (role === undefined) throw notFound(place.resource, name);
  checkRules(granting, place, simpleRules(listAt(role.parse(), "rules")));
}

function isAllowed({ authority, user }: Granting, verb: string, { resource, namespace, name }: ObjectAt): boolean {
  const { group: of, plural } = resource;
  const attributes: Attributes = { kind: "resource", verb, group: of, plural, subresource: undefined, namespace, name };
  return authority.allows(user, attributes);
}

function checkRules(
  { authority, user }: Granting,
  { resource, namespace, name }: ObjectAt,
  rules: readonly SimpleRule[],
): void {
  const held = authority.rules(user, namespace).map(({ rule }) => rule);
  const missing = rules.filter((rule) => !held.some((each) => covers(each, rule)));
  if (missing.length === 0) return;
  const who = `user ${JSON.stringify(user.name)} (groups=${quoted(user.groups)})`;
  const why = `${who} is attempting to grant RBAC permissions not currently held:\n${compact(missing).join("\n")}`;
  throw forbidden(resource, name, why);
}

/** Verbs of the same resource together, as Kubernetes tells them. */
function compact(rules: readonly SimpleRule[]): readonly string[] {
  const together = new Map<string, SimpleRule[]>();
  for (const rule of rules) {
    const { verb: _, ...of } = rule;
    // those of paths it leaves alone
    const key = JSON.stringify(rule.path === undefined ? of : rule);
    together.set(key, [...(together.get(key) ?? []), rule]);
  }
  return [...together.values()].map(text).sort();
}

function text(same: readonly SimpleRule[]): string {
  const [
    { group: of, resource, path, name } = { group: undefined, resource: undefined, path: undefined, name: undefined },
  ] = same;
  const parts: readonly (readonly [string, readonly (string | undefined)[]])[] = [
    ["APIGroups", [of]],
    ["Resources", [resource]],
    ["NonResourceURLs", [path]],
    ["ResourceNames", [name]],
    ["Verbs", same.map(({ verb }) => verb)],
  ];
  const given = parts.map(([title, values]) => [title, values.filter((each) => each !== undefined)] as const);
  return `{${given.flatMap(([title, values]) => (values.length === 0 ? [] : [`${title}:${quoted(values)}`])).join(", ")}}`;
}

/** As Go's %q has a list of texts. */
function quoted(texts: readonly string[]): string {
  return `[${texts.map((each) => JSON.stringify(each)).join(" ")}]`;
}
