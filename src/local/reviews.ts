import type { User } from "./auth.ts";
import type { Authority } from "./authority.ts";
import { at, isObject, type JsonObject, textAt } from "./json.ts";
import type { Attributes } from "./rbac.ts";
import { badRequest } from "./status.ts";

/** Answers "may I?", "what may I?" and "who am I?": nothing is stored. undefined: it is no such question. */
export function review(authority: Authority, user: User, asked: JsonObject): JsonObject | undefined {
  switch (asked["kind"]) {
    case "SelfSubjectAccessReview":
      return { ...asked, status: access(authority, user, attributesOf(asked)) };
    case "SelfSubjectRulesReview":
      return { ...asked, status: rules(authority, user, textAt(asked, "spec", "namespace")) };
    case "SelfSubjectReview":
      return { ...asked, status: { userInfo: { username: user.name, uid: user.uid, groups: user.groups } } };
    default:
      return undefined;
  }
}

function access(authority: Authority, user: User, attributes: Attributes): JsonObject {
  return { allowed: authority.allows(user, attributes) };
}

function attributesOf(asked: JsonObject): Attributes {
  const path = at(asked, "spec", "nonResourceAttributes");
  if (isObject(path)) return { kind: "path", verb: textAt(path, "verb"), path: textAt(path, "path") };
  const resource = at(asked, "spec", "resourceAttributes");
  if (!isObject(resource)) throw badRequest("one of resourceAttributes and nonResourceAttributes must be given");
  return {
    kind: "resource",
    verb: textAt(resource, "verb"),
    group: textAt(resource, "group"),
    plural: textAt(resource, "resource"),
    subresource: textAt(resource, "subresource") || undefined,
    namespace: textAt(resource, "namespace"),
    name: textAt(resource, "name"),
  };
}

function rules(authority: Authority, user: User, namespace: string): JsonObject {
  const all = user.groups.includes("system:masters") ? everything : [];
  const granted = [...all, ...authority.rules(user, namespace).map(({ rule }) => rule)];
  const isPath = (rule: JsonObject) => rule["nonResourceURLs"] !== undefined;
  return {
    resourceRules: granted.filter((rule) => !isPath(rule)),
    nonResourceRules: granted.filter(isPath),
    incomplete: false,
  };
}

const everything: readonly JsonObject[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];
