import { labels, managedBy } from "../api/labels.ts";
import { pullSecretName } from "../api/names.ts";
import type { Waiting } from "../kube/cluster.ts";
import { ownedBy, secrets } from "../kube/core.ts";
import type { KubeObject } from "../kube/resource.ts";
import { ensure } from "../kube/update.ts";
import type { World } from "./controller.ts";

/**
 * Copies of the Secrets with which the operator's image is pulled, beside the owner and gone with it. Returns their names.
 * One that the operator's namespace lacks is left out: the image may well be public.
 */
export async function ensurePullSecrets(
  { cluster, settings, log }: Pick<World, "cluster" | "settings" | "log">,
  owner: KubeObject,
  waiting: Waiting,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const name of settings.pullSecrets) {
    const secret = await cluster.get(secrets, { namespace: settings.namespace, name }, waiting);
    if (secret === undefined) {
      log.warn({ secret: `${settings.namespace}/${name}` }, "image pull secret is missing");
      continue;
    }
    const copy = pullSecretName(name, owner.kind, owner.metadata.name ?? "");
    const metadata = {
      name: copy,
      namespace: owner.metadata.namespace,
      labels: { [labels.managedBy]: managedBy },
      // nobody needs to wait for it
      ownerReferences: [{ ...ownedBy(owner), blockOwnerDeletion: false }],
    };
    await ensure(cluster, secrets, { metadata, type: secret.type, data: secret.data }, waiting);
    names.push(copy);
  }
  return names;
}
