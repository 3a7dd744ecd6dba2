import { expect, test } from "vitest";
import type { JsonObject } from "./json.ts";
import { type Attributes, isAllowed, type Policy, refusal, rulesFor } from "./rbac.ts";

const alice = { name: "system:serviceaccount:demo:alice", uid: "1", groups: ["system:authenticated"] };
const root = { name: "root", uid: "", groups: ["system:masters"] };

function policy(rule: JsonObject, where: "cluster" | "demo" = "demo"): Policy {
  const subjects = [{ kind: "ServiceAccount", name: "alice", namespace: "demo" }];
  const roleRef = { kind: "ClusterRole", name: "role" };
  const binding = { metadata: { namespace: "demo" }, roleRef, subjects };
  const role = (kind: string) => (kind === "ClusterRole" ? { rules: [rule] } : undefined);
  return where === "cluster"
    ? { clusterBindings: [binding], bindings: [], role }
    : { clusterBindings: [], bindings: [binding], role };
}

const read = { apiGroups: [""], resources: ["secrets"], verbs: ["get"] };
const get: Attributes = {
  ...{ kind: "resource", verb: "get", group: "", plural: "secrets" },
  ...{ subresource: undefined, namespace: "demo", name: "one" },
};

test.each<[string, boolean, Policy, Partial<Attributes>]>([
  ["what the rule says", true, policy(read), {}],
  ["another verb", false, policy(read), { verb: "list" }],
  ["another group", false, policy(read), { group: "batch" }],
  ["another namespace", false, policy(read), { namespace: "other" }],
  ["all namespaces by a RoleBinding", false, policy(read), { namespace: "" }],
  ["another namespace by a ClusterRoleBinding", true, policy(read, "cluster"), { namespace: "other" }],
  ["a subresource that is not named", false, policy(read), { subresource: "status" }],
  ["a subresource", true, policy({ ...read, resources: ["secrets/status"] }), { subresource: "status" }],
  ["a subresource of anything", true, policy({ ...read, resources: ["*/status"] }), { subresource: "status" }],
  ["everything", true, policy({ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }), { subresource: "status" }],
  ["an object by name", true, policy({ ...read, resourceNames: ["one"] }), {}],
  ["another object", false, policy({ ...read, resourceNames: ["two"] }), {}],
  ["no certain object", false, policy({ ...read, resourceNames: ["one"] }), { name: "" }],
])("whether allowed: %s", (_title, expected, given, asked) => {
  const attributes = { ...get, ...asked } as Attributes;
  expect(isAllowed(alice, attributes, rulesFor(alice, given))).toBe(expected);
  expect(isAllowed(root, attributes, rulesFor(root, given))).toBe(true);
});

test.each([
  ["/version", true],
  ["/apis/batch/v1", true],
  ["/metrics", false],
])("whether the path %s is allowed", (path, expected) => {
  const given = policy({ nonResourceURLs: ["/version", "/apis/*"], verbs: ["get"] }, "cluster");
  expect(isAllowed(alice, { kind: "path", verb: "get", path }, rulesFor(alice, given))).toBe(expected);
});

test("says who may not do what where", () => {
  expect(refusal(alice, get)).toBe(
    'User "system:serviceaccount:demo:alice" cannot get resource "secrets" in API group "" in the namespace "demo"',
  );
});
