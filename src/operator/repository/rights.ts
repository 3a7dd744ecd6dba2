import { repositoryRoleName } from "../../api/names.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { roleBindings, roles } from "../../kube/core.ts";
import type { KubeObject } from "../../kube/resource.ts";
import type { World } from "../controller.ts";

/**
 * Takes back an invoker's rights in the namespaces of Repositories, but for `except`. No owner can hold them, since owners
 * do not reach across namespaces. `sure`: look there too, though the cache does not know of any yet. Whether there was one.
 */
export async function takeBackRights(
  { cluster, caches }: Pick<World, "cluster" | "caches">,
  { kind, metadata: { name = "", namespace = "" } }: KubeObject,
  { except, sure, signal }: Waiting & { readonly except?: string | undefined; readonly sure?: string | undefined },
): Promise<boolean> {
  const roleName = repositoryRoleName(kind, { name, namespace });
  const known = caches.roles
    .list(({ metadata }) => metadata.name === roleName && (metadata.ownerReferences ?? []).length === 0)
    .map(({ metadata }) => metadata.namespace ?? "");
  const places = new Set([...known, ...(sure === undefined ? [] : [sure])]);
  let isTaken = false;
  for (const place of places) {
    if (place === except || place === namespace) continue;
    const key = { namespace: place, name: roleName };
    await cluster.remove(roleBindings, key, { signal });
    isTaken = (await cluster.remove(roles, key, { signal })) || isTaken;
  }
  return isTaken;
}
