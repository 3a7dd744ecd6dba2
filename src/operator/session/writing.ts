import type { Waiting } from "../../kube/cluster.ts";
import { type KubeObject, keyOf, type Resource } from "../../kube/resource.ts";
import { updateStatus } from "../../kube/update.ts";
import type { World } from "../controller.ts";
import type { SessionMemory } from "./memory.ts";
import { createdAt, type Moment } from "./times.ts";

export interface Sessions<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly world: World;
  readonly memory: SessionMemory<T>;
}

export interface WriteOptions<T> extends Waiting {
  /** Writes what it makes of the session's status. */
  readonly change: (session: T) => (T & { readonly status?: unknown })["status"] | undefined;
  /** false: it is read anew. */
  readonly isFresh?: boolean | undefined;
}

/** undefined: the session is gone, or is another one of that name. */
export async function writeStatus<T extends KubeObject & { readonly status?: unknown }>(
  { resource, world, memory }: Sessions<T>,
  session: T,
  { change, isFresh = true, signal }: WriteOptions<T>,
): Promise<T | undefined> {
  const { uid } = session.metadata;
  const options = { signal, ...(isFresh ? { from: session } : {}) };
  const ofThis = (found: T) => (found.metadata.uid === uid ? change(found) : undefined);
  const written = await updateStatus(world.cluster, resource, keyOf(session), ofThis, options);
  if (written === undefined || written.metadata.uid !== uid) return undefined;
  memory.wrote(written);
  return written;
}

export function momentOf({ clock }: World, { metadata }: KubeObject): Moment {
  const now = clock();
  return { created: createdAt(metadata, now), now };
}
