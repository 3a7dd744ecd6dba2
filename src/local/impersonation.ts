import type { User } from "./auth.ts";
import type { Authority } from "./authority.ts";
import type { Incoming } from "./https.ts";
import { type Attributes, refusal } from "./rbac.ts";
import { Refused } from "./status.ts";

const everybody = "system:authenticated";

/** Whom the user asks for: himself, or another (`kubectl --as`), which he must be allowed to. Throws Refused. */
export function standsFor(user: User, authority: Authority, { headers, headersDistinct }: Incoming): User {
  const name = headers["impersonate-user"];
  const groups = headersDistinct["impersonate-group"] ?? [];
  if (name === undefined && groups.length === 0) return user;
  if (typeof name !== "string" || name === "") {
    throw new Refused(400, "BadRequest", "requested groups without impersonating a user");
  }
  const wanted = [["users", name], ...groups.map((group) => ["groups", group])] as const;
  for (const [plural = "", each = ""] of wanted) {
    const attributes: Attributes = {
      ...{ verb: "impersonate", group: "", plural, name: each, subresource: undefined, namespace: "" },
      kind: "resource",
    };
    if (!authority.allows(user, attributes)) {
      const message = `${plural} ${JSON.stringify(each)} is forbidden: ${refusal(user, attributes)}`;
      throw new Refused(403, "Forbidden", message, { name: each, kind: plural });
    }
  }
  return { name, uid: "", groups: [...new Set([...groups, ...accountGroups(name), everybody])] };
}

function accountGroups(name: string): readonly string[] {
  const namespace = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name)?.[1];
  return namespace === undefined ? [] : ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}
