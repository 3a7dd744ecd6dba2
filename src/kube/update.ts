import type { OwnerReference } from "../api/kubernetes.ts";
import { Failure } from "../kit/failures.ts";
import type { Cluster, Draft, Waiting } from "./cluster.ts";
import { difference, isFields } from "./difference.ts";
import { KubeFailure } from "./failure.ts";
import { pause } from "./requests.ts";
import { type Key, type KubeObject, keyText, type Resource } from "./resource.ts";

/** Whoever loses against other writers so often gives up. */
const mostTries = 12;

export interface UpdateOptions<T> extends Waiting {
  /** The object as it was a moment ago, which saves a read when nobody else writes. */
  readonly from?: T | undefined;
}

/** The object as it is now; undefined: it is gone. */
export type Updated<T> = T | undefined;

/**
 * Writes the status that `change` makes of the object: again on a newer one when somebody else has written meanwhile, so
 * `change` must only add what is its own. undefined from `change`: there is nothing to write.
 */
export async function updateStatus<T extends KubeObject & { readonly status?: unknown }>(
  cluster: Cluster,
  resource: Resource<T>,
  key: Key,
  change: (object: T) => T["status"] | undefined,
  options: UpdateOptions<T>,
): Promise<Updated<T>> {
  return await write(cluster, resource, key, options, async (object) => {
    const status = change(object);
    if (status === undefined) return object;
    return await cluster.replaceStatus(resource, { ...object, status }, options);
  });
}

/** undefined: the object is gone. One that is being removed takes no more finalizers and is given back as it is. */
export async function addFinalizer<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  key: Key,
  { finalizer, ...options }: UpdateOptions<T> & { readonly finalizer: string },
): Promise<Updated<T>> {
  return await write(cluster, resource, key, options, async (object) => {
    const finalizers = object.metadata.finalizers ?? [];
    const isGoing = (object.metadata.deletionTimestamp ?? undefined) !== undefined;
    if (isGoing || finalizers.includes(finalizer)) return object;
    return await patchMetadata(cluster, resource, object, { finalizers: [...finalizers, finalizer] }, options);
  });
}

/** undefined: the object is gone, as it may be because of this. */
export async function removeFinalizer<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  key: Key,
  { finalizer, ...options }: UpdateOptions<T> & { readonly finalizer: string },
): Promise<Updated<T>> {
  return await write(cluster, resource, key, options, async (object) => {
    const finalizers = object.metadata.finalizers ?? [];
    if (!finalizers.includes(finalizer)) return object;
    const rest = finalizers.filter((each) => each !== finalizer);
    return await patchMetadata(cluster, resource, object, { finalizers: rest }, options);
  });
}

export type Ensured = "created" | "changed" | "same";

/**
 * Makes the object, or gives the one that is there what the draft says and it lacks (difference.ts says what counts).
 * Owners and finalizers are added to those it has. Throws `object-exists` when it belongs to another controller, or was made by
 * somebody else, or is being removed.
 */
export async function ensure<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  draft: Draft,
  options: UpdateOptions<T>,
): Promise<Ensured> {
  const key = keyOfDraft(draft);
  let live = options.from ?? (await cluster.get(resource, key, options));
  for (let tries = 1; ; tries++) {
    try {
      if (live === undefined) {
        await cluster.create(resource, draft, options);
        return "created";
      }
      const merge = mergeFor(resource, draft, live);
      if (merge === undefined) return "same";
      if (await change(cluster, resource, { ...options, draft, live, merge })) return "changed";
    } catch (error) {
      const isRace = isExistsRace(error) || KubeFailure.isReason(error, "Conflict");
      if (!isRace || tries >= mostTries) throw error;
      await pause(backOffMs(tries), options.signal);
    }
    live = await cluster.get(resource, key, options);
  }
}

interface Changing<T> extends Waiting {
  readonly draft: Draft;
  readonly live: T;
  readonly merge: Readonly<Record<string, unknown>>;
}

/** False: it has gone. What a binding binds no server changes, so it is made anew: Stash's have our names and other roles. */
async function change<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  { draft, live, merge, signal }: Changing<T>,
): Promise<boolean> {
  const { uid } = live.metadata;
  if (merge["roleRef"] === undefined)
    return (await cluster.patch(resource, keyOfDraft(draft), { signal, merge })) !== undefined;
  await cluster.remove(resource, keyOfDraft(draft), { signal, ...(uid === undefined ? {} : { uid }) });
  await cluster.create(resource, draft, { signal });
  return true;
}

/**
 * Makes the object unless it is there; one that is there is left as it is. For what cannot be changed (Jobs, claims).
 * Refuses like `ensure`.
 */
export async function createOnce<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  draft: Draft,
  options: Waiting,
): Promise<"created" | "same"> {
  try {
    await cluster.create(resource, draft, options);
    return "created";
  } catch (error) {
    if (!KubeFailure.isReason(error, "AlreadyExists")) throw error;
    const live = await cluster.get(resource, keyOfDraft(draft), options);
    // gone again: whoever asked will ask again
    if (live === undefined) throw error;
    refuseForeign(resource, draft, live);
    return "same";
  }
}

async function write<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  key: Key,
  { from, signal }: UpdateOptions<T>,
  change: (object: T) => Promise<T | undefined>,
): Promise<Updated<T>> {
  let object = from ?? (await cluster.get(resource, key, { signal }));
  for (let tries = 1; object !== undefined; tries++) {
    try {
      return await change(object);
    } catch (error) {
      if (KubeFailure.isReason(error, "NotFound")) return undefined;
      if (!KubeFailure.isReason(error, "Conflict") || tries >= mostTries) throw error;
    }
    // the first newer look costs nothing: `from` is often a little old
    if (tries > 1) await pause(backOffMs(tries), signal);
    object = await cluster.get(resource, key, { signal });
  }
  return undefined;
}

/** With the version, so that two who change the list at once do not lose each other's entries. */
async function patchMetadata<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  object: T,
  fields: Readonly<Record<string, unknown>>,
  { signal }: Waiting,
): Promise<T | undefined> {
  const { name = "", namespace, uid, resourceVersion } = object.metadata;
  const merge = { metadata: { ...fields, uid, resourceVersion } };
  return await cluster.patch(resource, { namespace, name }, { signal, merge });
}

function mergeFor<T extends KubeObject>(
  resource: Resource<T>,
  draft: Draft,
  live: T,
): Readonly<Record<string, unknown>> | undefined {
  refuseForeign(resource, draft, live);
  const { metadata, ...fields } = draft;
  const { ownerReferences, finalizers, generateName: _, ...rest } = metadata;
  const lists = {
    ownerReferences: union(live.metadata.ownerReferences ?? [], references(ownerReferences), ({ uid }) => uid),
    finalizers: union(live.metadata.finalizers ?? [], texts(finalizers), (text) => text),
  };
  const wanted = { ...fields, metadata: { ...rest, ...lists } };
  const patch = difference(wanted, live);
  if (patch === undefined) return undefined;
  const { resourceVersion, uid } = live.metadata;
  const changed = isFields(patch["metadata"]) ? patch["metadata"] : {};
  return { ...patch, metadata: { ...changed, resourceVersion, uid } };
}

function refuseForeign<T extends KubeObject>(resource: Resource<T>, draft: Draft, live: T): void {
  const what = `${resource.kind} ${keyText(keyOfDraft(draft))}`;
  if ((live.metadata.deletionTimestamp ?? undefined) !== undefined) {
    throw new Failure("object-exists", `${what} is being removed`, { hint: "it will be made again when it is gone" });
  }
  const ours = controllerOf(references(draft.metadata["ownerReferences"]));
  if (ours === undefined) return;
  const theirs = controllerOf(live.metadata.ownerReferences ?? []);
  if (theirs !== undefined && theirs.uid !== ours.uid) {
    throw new Failure("object-exists", `${what} is there already and belongs to ${theirs.kind} ${theirs.name}`);
  }
  if (theirs === undefined && difference({ labels: draft.metadata["labels"] }, live.metadata) !== undefined) {
    throw new Failure("object-exists", `${what} is there already and was made by somebody else`);
  }
}

function controllerOf(owners: readonly OwnerReference[]): OwnerReference | undefined {
  return owners.find(({ controller }) => controller === true);
}

function union<T>(there: readonly T[], wanted: readonly T[], keyOf: (item: T) => string): readonly T[] | undefined {
  const keys = new Set(there.map(keyOf));
  const missing = wanted.filter((item) => !keys.has(keyOf(item)));
  return missing.length === 0 ? undefined : [...there, ...missing];
}

function references(value: unknown): readonly OwnerReference[] {
  // a draft is ours: core.ts's ownedBy made them
  return Array.isArray(value) ? (value as readonly OwnerReference[]) : [];
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function keyOfDraft({ metadata: { name, namespace } }: Draft): Key {
  if (name === undefined) throw new TypeError("a draft without a name cannot be looked up");
  return { namespace, name };
}

/** Somebody was quicker; AlreadyExists of something else cannot come from a create. */
function isExistsRace(error: unknown): boolean {
  return KubeFailure.isReason(error, "AlreadyExists");
}

function backOffMs(tries: number): number {
  return Math.min(500, 5 * 2 ** tries) * (0.5 + Math.random() / 2);
}
