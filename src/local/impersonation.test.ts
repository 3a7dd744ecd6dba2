import { expect, test } from "vitest";
import type { User } from "./auth.ts";
import type { Authority } from "./authority.ts";
import { standsFor } from "./impersonation.ts";
import type { Attributes } from "./rbac.ts";
import { Refused } from "./status.ts";

const self: User = { name: "self", uid: "0", groups: ["system:authenticated"] };

/** One who may impersonate just this: `users`, or `serviceaccounts in demo`. */
function mayBe(...allowed: readonly string[]): Authority {
  const named = (asked: Attributes & { readonly kind: "resource" }) => {
    const resource = asked.subresource === undefined ? asked.plural : `${asked.plural}/${asked.subresource}`;
    return asked.namespace === "" ? resource : `${resource} in ${asked.namespace}`;
  };
  return {
    account: () => undefined,
    rules: () => [],
    allows: (user, asked) =>
      user === self && asked.kind === "resource" && asked.verb === "impersonate" && allowed.includes(named(asked)),
  };
}

type Headers = Readonly<Record<string, string[]>>;

function outcome(headers: Headers, authority: Authority): object {
  try {
    return standsFor(self, authority, { headersDistinct: headers });
  } catch (error) {
    if (error instanceof Refused) return { code: error.code, message: error.message };
    throw error;
  }
}

const account = "system:serviceaccount:demo:robot";
const accountGroups = ["system:serviceaccounts", "system:serviceaccounts:demo", "system:authenticated"];

/** As kube-apiserver 1.35 takes them. */
test.each<[string, readonly string[], Headers, User]>([
  ["nobody: himself", [], {}, self],
  ["no name: himself", [], { "impersonate-user": [""] }, self],
  ["a user", ["users"], { "impersonate-user": ["jane"] }, { name: "jane", uid: "", groups: ["system:authenticated"] }],
  [
    "an account",
    ["serviceaccounts in demo"],
    { "impersonate-user": [account] },
    { name: account, uid: "", groups: accountGroups },
  ],
  [
    "a name that no account can have",
    ["users"],
    { "impersonate-user": ["system:serviceaccount:demo:UP"] },
    { name: "system:serviceaccount:demo:UP", uid: "", groups: ["system:authenticated"] },
  ],
  [
    "groups in place of an account's own",
    ["serviceaccounts in demo", "groups"],
    { "impersonate-user": [account], "impersonate-group": ["a", "b"] },
    { name: account, uid: "", groups: ["a", "b", "system:authenticated"] },
  ],
  [
    "a group that says that he is nobody",
    ["users", "groups"],
    { "impersonate-user": ["jane"], "impersonate-group": ["system:unauthenticated"] },
    { name: "jane", uid: "", groups: ["system:unauthenticated"] },
  ],
  [
    "nobody in particular",
    ["users"],
    { "impersonate-user": ["system:anonymous"] },
    { name: "system:anonymous", uid: "", groups: ["system:unauthenticated"] },
  ],
  [
    "a uid and more",
    ["users", "uids", "userextras/acme.com/project"],
    { "impersonate-user": ["jane"], "impersonate-uid": ["u"], "impersonate-extra-acme.com%2fproject": ["x"] },
    { name: "jane", uid: "u", groups: ["system:authenticated"] },
  ],
])("who may be %s", (_title, allowed, headers, user) => expect(outcome(headers, mayBe(...allowed))).toEqual(user));

const cannot = (resource: string, group = "") =>
  `is forbidden: User "self" cannot impersonate resource "${resource}" in API group "${group}"`;
const authentication = "authentication.k8s.io";

test.each<[string, readonly string[], Headers, number, string]>([
  ["a user", ["groups"], { "impersonate-user": ["jane"] }, 403, `users "jane" ${cannot("users")} at the cluster scope`],
  [
    "an account with the right to users",
    ["users", "serviceaccounts in other"],
    { "impersonate-user": [account] },
    403,
    `serviceaccounts "robot" ${cannot("serviceaccounts")} in the namespace "demo"`,
  ],
  [
    "a group",
    ["users"],
    { "impersonate-user": ["jane"], "impersonate-group": ["system:masters"] },
    403,
    `groups "system:masters" ${cannot("groups")} at the cluster scope`,
  ],
  [
    "a uid",
    ["users"],
    { "impersonate-user": ["jane"], "impersonate-uid": ["u"] },
    403,
    `uids.${authentication} "u" ${cannot("uids", authentication)} at the cluster scope`,
  ],
  [
    "more about a user",
    ["users", "userextras/b"],
    { "impersonate-user": ["jane"], "impersonate-extra-a": ["x"] },
    403,
    `userextras.${authentication} "x" ${cannot("userextras/a", authentication)} at the cluster scope`,
  ],
  ["a group alone", [], { "impersonate-group": ["g"] }, 400, "requested [{Group  g    }] without impersonating a user"],
  [
    "a uid alone",
    [],
    { "impersonate-user": [""], "impersonate-uid": ["u"] },
    400,
    `requested [{UID  u  ${authentication}/v1  }] without impersonating a user`,
  ],
  [
    "more alone",
    [],
    { "impersonate-extra-a": ["x"] },
    400,
    `requested [{UserExtra  x  ${authentication}/v1  a}] without impersonating a user`,
  ],
])("who may not be %s is told so", (_title, allowed, headers, code, message) =>
  expect(outcome(headers, mayBe(...allowed))).toEqual({ code, message }),
);
