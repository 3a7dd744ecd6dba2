import { z } from "zod";
import type { Log } from "../kit/log.ts";
import type { Cluster, Waiting } from "../kube/cluster.ts";
import { events, type Namespace } from "../kube/core.ts";
import { KubeFailure } from "../kube/failure.ts";
import { openQueue, type Queue } from "../kube/queue.ts";
import { apiVersionOf, type KubeObject, keyOf, type Resource } from "../kube/resource.ts";
import { itemsOf } from "./garbage/item.ts";
import { isGoing } from "./job/job.ts";
import type { Shared } from "./shared.ts";

export interface NamespacesOptions {
  readonly namespaces: Shared<Namespace>;
  /** Whose objects lie in it. */
  readonly kinds: readonly Resource<KubeObject>[];
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Pods take their time to end, and finalizers wait for others: looked at again so often. */
const againMs = 500;
const finalizer = "kubernetes";

/** Empties a namespace that is being removed, and lets it go. */
export function openNamespaces(cluster: Cluster, { namespaces, kinds, log, signal }: NamespacesOptions): Queue {
  const inside = [...kinds, events].filter(({ scope }) => scope === "Namespaced").map(itemsOf);
  const queue = openQueue({
    concurrency: 4,
    signal,
    backOff: { firstMs: 200, mostMs: 30_000 },
    onFailure: (namespace, error) => log.warn({ namespace, error }, "emptying a namespace"),
    async work(name, waiting) {
      const namespace = namespaces.get({ name });
      if (namespace === undefined || !isGoing(namespace) || !finalizersOf(namespace).includes(finalizer))
        return undefined;
      const left = await Promise.all(inside.map((kind) => empty(cluster, kind, name, waiting)));
      if (left.some((count) => count > 0)) return { requeueAfterMs: againMs };
      return await finalize(cluster, namespace, waiting);
    },
  });
  namespaces.listen(({ key, after }) => after !== undefined && isGoing(after) && queue.add(key.name));
  return queue;
}

const Spec = z.looseObject({ finalizers: z.array(z.string()).nullish() });

function specOf(namespace: Namespace): z.infer<typeof Spec> {
  return Spec.safeParse(namespace["spec"]).data ?? {};
}

function finalizersOf(namespace: Namespace): readonly string[] {
  return specOf(namespace).finalizers ?? [];
}

/** How many were there. */
async function empty(
  cluster: Cluster,
  kind: Resource<KubeObject>,
  namespace: string,
  { signal }: Waiting,
): Promise<number> {
  const { items, refused } = await cluster.list(kind, { namespace }, { signal });
  for (const object of items.filter((one) => !isGoing(one))) {
    const { uid } = object.metadata;
    const only = uid === undefined ? {} : { uid };
    await cluster.remove(kind, keyOf(object), { signal, propagation: "Background", ...only });
  }
  return items.length + refused.length;
}

/** Only now: what is made in it from here on is refused, so it stays empty. */
async function finalize(cluster: Cluster, namespace: Namespace, { signal }: Waiting) {
  const { name = "" } = namespace.metadata;
  const spec = specOf(namespace);
  const finalizers = finalizersOf(namespace).filter((each) => each !== finalizer);
  const body = {
    ...namespace,
    apiVersion: apiVersionOf({ group: "", version: "v1" }),
    kind: "Namespace",
    spec: { ...spec, finalizers },
  };
  try {
    await cluster.request({ method: "PUT", path: `/api/v1/namespaces/${name}/finalize`, body }, { signal });
    return undefined;
  } catch (error) {
    if (KubeFailure.isReason(error, "NotFound", "NotServed")) return undefined;
    if (KubeFailure.isReason(error, "Conflict")) return { requeueAfterMs: againMs };
    throw error;
  }
}
