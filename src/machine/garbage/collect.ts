import type { OwnerReference } from "../../api/kubernetes.ts";
import type { Log } from "../../kit/log.ts";
import type { Cluster, Waiting } from "../../kube/cluster.ts";
import { KubeFailure } from "../../kube/failure.ts";
import type { Change } from "../../kube/follow.ts";
import { objectPath } from "../../kube/paths.ts";
import { openQueue, type Queue } from "../../kube/queue.ts";
import { type Key, type KubeObject, keyFrom, keyOf, keyText, type Resource } from "../../kube/resource.ts";
import type { Shared } from "../shared.ts";
import { openAbsent } from "./absent.ts";
import { decide, type GarbageStep, type OwnerState } from "./decide.ts";
import { foreground, groupOf, type Item, isGoingWith, itemsOf } from "./item.ts";

/** One kind: where it lies, and all of its objects. */
export interface Collected {
  readonly resource: Resource<KubeObject>;
  readonly all: Pick<Shared<KubeObject>, "get" | "ownedBy" | "listen" | "ready" | "stopped">;
}

export interface CollectorOptions extends Waiting {
  readonly kinds: readonly Collected[];
  readonly log: Log;
}

/** Removes what belongs to nobody any more, among these kinds. Owners of other kinds are taken to be there. */
export function openCollector(cluster: Cluster, { kinds, log, signal }: CollectorOptions): Queue {
  const ready = Promise.all(kinds.map(({ all }) => all.ready));
  ready.catch(() => undefined);
  const absent = openAbsent();
  const table = new Map(kinds.map((kind) => [idOf(kind.resource), kind]));
  const queue = openQueue({
    concurrency: 8,
    signal,
    backOff: { firstMs: 200, mostMs: 30_000 },
    onFailure: (object, error, { failures }) => log.warn({ object, error, failures }, "collecting garbage"),
    async work(text, waiting) {
      await ready;
      const [id = "", ...key] = text.split(" ");
      const kind = table.get(id);
      if (kind !== undefined) await collect({ cluster, kind, table, absent, ...waiting }, keyFrom(key.join(" ")));
    },
  });
  const add = ({ resource }: Collected, key: Key) => queue.add(`${idOf(resource)} ${keyText(key)}`);
  function addDependents(uid: string): void {
    for (const kind of kinds) for (const item of kind.all.ownedBy(uid)) add(kind, keyOf(item));
  }
  function addOwners(items: readonly (Item | undefined)[]): void {
    const references = items.flatMap((item) => (item === undefined ? [] : ownersOf(item)));
    for (const { kind, key, uid } of references) {
      const owner = kind?.all.get(key);
      if (kind !== undefined && owner?.metadata.uid === uid && owner.metadata.deletionTimestamp != null) add(kind, key);
    }
  }
  const ownersOf = (item: Item) =>
    (item.metadata.ownerReferences ?? []).map((reference) => placeOf(table, item, reference));
  function look(kind: Collected, { key, before, after }: Change<KubeObject>): void {
    const uid = (after ?? before)?.metadata.uid ?? "";
    // those of before may be waited for no longer
    addOwners([before, after]);
    if (after === undefined) {
      absent.add({ id: idOf(kind.resource), key, uid });
      addDependents(uid);
      return;
    }
    const isGoing = after.metadata.deletionTimestamp != null;
    if (isGoing || (after.metadata.ownerReferences ?? []).length > 0) add(kind, key);
    if (isGoing && isGoingWith(after, foreground)) addDependents(uid);
  }
  for (const kind of kinds) kind.all.listen((change) => look(kind, change));
  return queue;
}

/** Kinds are told apart by group: versions are ways to see the same objects. */
function idOf({ group, kind }: Pick<Resource<KubeObject>, "group" | "kind">): string {
  return `${group}/${kind}`;
}

type Table = ReadonlyMap<string, Collected>;

interface Place {
  /** undefined: not one that we follow. */
  readonly kind: Collected | undefined;
  readonly key: Key;
  readonly uid: string;
}

/** An owner lies in the namespace of what it owns, or in none. */
function placeOf(
  table: Table,
  { metadata }: Item,
  { apiVersion, kind: name, name: owner, uid }: OwnerReference,
): Place {
  const kind = table.get(`${groupOf(apiVersion)}/${name}`);
  const isNamespaced = kind?.resource.scope === "Namespaced" && metadata.namespace !== undefined;
  return { kind, uid, key: isNamespaced ? { namespace: metadata.namespace, name: owner } : { name: owner } };
}

interface Collecting extends Waiting {
  readonly cluster: Cluster;
  readonly kind: Collected;
  readonly table: Table;
  readonly absent: ReturnType<typeof openAbsent>;
}

async function collect(collecting: Collecting, key: Key): Promise<void> {
  const { kind, table, cluster, signal } = collecting;
  const item = kind.all.get(key);
  if (item === undefined) return;
  const references = item.metadata.deletionTimestamp == null ? (item.metadata.ownerReferences ?? []) : [];
  const owners = await Promise.all(
    references.map(async (reference) => ({ reference, state: await stateOf(collecting, item, reference) })),
  );
  const found = [...table.values()].flatMap(({ all, resource }) =>
    all.ownedBy(item.metadata.uid ?? "").map((dependent) => ({ dependent, resource })),
  );
  const dependents = found.map(({ dependent }) => dependent);
  for (const step of decide({ item, owners, dependents })) {
    const resource = found.find(({ dependent }) => "item" in step && dependent === step.item)?.resource;
    await perform(cluster, step, { item, resource: resource ?? kind.resource, signal });
  }
}

/** What is not among what we follow is asked for: it may be newer than that. */
async function stateOf(
  { cluster, table, absent, signal }: Collecting,
  item: Item,
  reference: OwnerReference,
): Promise<OwnerState> {
  const { kind, key, uid } = placeOf(table, item, reference);
  if (kind === undefined) return "solid";
  if (kind.resource.scope === "Namespaced" && key.namespace === undefined) return "unresolvable";
  const known = kind.all.get(key);
  if (known?.metadata.uid === uid) return isGoingWith(known, foreground) ? "waiting" : "solid";
  const owner = { id: idOf(kind.resource), key, uid };
  if (absent.has(owner)) return "gone";
  const live = await cluster.get(itemsOf(kind.resource), key, { signal });
  if (live === undefined || live.metadata.uid !== uid) {
    absent.add(owner);
    return "gone";
  }
  return isGoingWith(live, foreground) ? "waiting" : "solid";
}

interface Performing extends Waiting {
  readonly item: Item;
  readonly resource: Resource<KubeObject>;
}

/** On exactly the object that was looked at: one that has changed since is looked at again, for its change brings it back. */
async function perform(cluster: Cluster, step: GarbageStep, { item, resource, signal }: Performing): Promise<void> {
  const [items, key] = [itemsOf(resource), keyOf(item)];
  if (step.kind === "disown") {
    const { uid, resourceVersion } = step.item.metadata;
    const ownerReferences = step.references.length === 0 ? null : step.references;
    const merge = { metadata: { uid, resourceVersion, ownerReferences } };
    return await unlessChanged(() => cluster.patch(items, keyOf(step.item), { signal, merge }));
  }
  if (step.kind === "remove") return await removeSeen(cluster, { item, resource, signal }, step.propagation);
  const live = await cluster.get(items, key, { signal });
  const { uid, resourceVersion } = live?.metadata ?? {};
  if (uid === undefined || uid !== item.metadata.uid || resourceVersion !== item.metadata.resourceVersion) return;
  const finalizers = (live?.metadata.finalizers ?? []).filter((each) => each !== step.finalizer);
  await unlessChanged(() =>
    cluster.patch(items, key, { signal, merge: { metadata: { uid, resourceVersion, finalizers } } }),
  );
}

async function removeSeen(
  cluster: Cluster,
  { item, resource, signal }: Performing,
  propagationPolicy: Extract<GarbageStep, { readonly kind: "remove" }>["propagation"],
): Promise<void> {
  const { uid, resourceVersion } = item.metadata;
  const preconditions = { uid, resourceVersion };
  const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy, preconditions };
  const request = { method: "DELETE", path: objectPath(resource, keyOf(item)), body } as const;
  await unlessChanged(() => cluster.request(request, { signal }));
}

async function unlessChanged(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!KubeFailure.isReason(error, "Conflict", "NotFound")) throw error;
  }
}
