import type { User } from "./auth.ts";
import type { Authority } from "./authority.ts";
import type { Incoming } from "./https.ts";
import { type Attributes, refusal } from "./rbac.ts";
import { labelMistakes, subdomainMistakes } from "./schema/names.ts";
import { badRequest, forbidden } from "./status.ts";

const authentication = "authentication.k8s.io";
const authenticated = "system:authenticated";
const unauthenticated = "system:unauthenticated";

/** One thing that the user must be allowed to say he is. */
interface Claim {
  /** As Kubernetes calls it in what it says. */
  readonly kind: "ServiceAccount" | "User" | "Group" | "UserExtra" | "UID";
  readonly plural: string;
  readonly group: string;
  readonly namespace: string;
  readonly name: string;
  /** Of UserExtra: which. */
  readonly key?: string;
}

/** Whom the user asks for: himself, or another (`kubectl --as`), which he must be allowed to. Throws Refused. */
export function standsFor(
  user: User,
  authority: Authority,
  { headersDistinct }: Pick<Incoming, "headersDistinct">,
): User {
  const name = headersDistinct["impersonate-user"]?.[0] ?? "";
  const groups = headersDistinct["impersonate-group"] ?? [];
  const uid = headersDistinct["impersonate-uid"]?.[0] ?? "";
  const account = accountOf(name);
  const more: readonly Claim[] = [
    ...groups.map((group): Claim => ({ kind: "Group", plural: "groups", group: "", namespace: "", name: group })),
    ...extras(headersDistinct),
    ...(uid === "" ? [] : [{ kind: "UID", plural: "uids", group: authentication, namespace: "", name: uid } as const]),
  ];
  if (name === "") {
    if (more.length === 0) return user;
    throw badRequest(`requested [${more.map(told).join(" ")}] without impersonating a user`);
  }
  const first: Claim =
    account === undefined
      ? { kind: "User", plural: "users", group: "", namespace: "", name }
      : { kind: "ServiceAccount", plural: "serviceaccounts", group: "", ...account };
  for (const claim of [first, ...more]) check(user, authority, claim);
  return { name, uid, groups: withStanding(name, groups.length === 0 ? accountGroups(account) : groups) };
}

function check(user: User, authority: Authority, { plural, group, namespace, name, key }: Claim): void {
  const attributes: Attributes = {
    ...{ kind: "resource", verb: "impersonate", group, plural, subresource: key, namespace, name },
  };
  if (authority.allows(user, attributes)) return;
  throw forbidden({ group, plural, kind: plural }, name, refusal(user, attributes));
}

/** Nothing here looks at what else is known of a user; but who says more than he may is refused, as in a cluster. */
function extras(headers: Incoming["headersDistinct"]): readonly Claim[] {
  const prefix = "impersonate-extra-";
  return Object.entries(headers).flatMap(([header, values = []]) => {
    if (!header.startsWith(prefix)) return [];
    const key = unescaped(header.slice(prefix.length));
    return values.map(
      (name): Claim => ({ kind: "UserExtra", plural: "userextras", group: authentication, namespace: "", name, key }),
    );
  });
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** As Go prints it. */
function told({ kind, group, name, key = "" }: Claim): string {
  const version = group === "" ? "" : `${group}/v1`;
  return `{${[kind, "", name, "", version, "", key].join(" ")}}`;
}

interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** undefined: no ServiceAccount can have such a name. */
function accountOf(user: string): Account | undefined {
  const [, namespace = "", name = ""] = /^system:serviceaccount:([^:]*):([^:]*)$/.exec(user) ?? [];
  return labelMistakes(namespace).length + subdomainMistakes(name).length === 0 ? { namespace, name } : undefined;
}

function accountGroups(account: Account | undefined): readonly string[] {
  return account === undefined ? [] : ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`];
}

/** Whoever has a name has shown who he is, unless he says otherwise. */
function withStanding(name: string, groups: readonly string[]): readonly string[] {
  const isNobody = name === "system:anonymous";
  const isSaid = groups.includes(unauthenticated) || (!isNobody && groups.includes(authenticated));
  return isSaid ? groups : [...groups, isNobody ? unauthenticated : authenticated];
}
