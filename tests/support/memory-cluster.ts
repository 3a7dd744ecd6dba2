import type { Cluster, Draft } from "../../src/kube/cluster.ts";
import { type KubeFailure, refusalOf } from "../../src/kube/failure.ts";
import { apiVersionOf, type Key, type KubeObject, keyText, type Resource } from "../../src/kube/resource.ts";

/** What is called, before it happens: to count, to let others be quicker, or to fail by throwing. */
export type BeforeCall = (call: Call) => Promise<void> | void;

export interface Call {
  readonly verb: "get" | "create" | "replace" | "replaceStatus" | "patch" | "remove";
  readonly text: string;
  readonly signal: AbortSignal;
}

type Fields = Record<string, unknown>;
type Stored = Fields & { metadata: Fields };

/** A Cluster that keeps objects in memory, with versions and conflicts as an API server has them, and nothing else of it. */
export function memoryCluster(before: BeforeCall = () => undefined): Cluster & { readonly size: number } {
  const objects = new Map<string, Stored>();
  let version = 0;
  const idOf = <T extends KubeObject>(resource: Resource<T>, key: Key) => `${resource.kind} ${keyText(key)}`;
  function store<T extends KubeObject>(resource: Resource<T>, id: string, object: Stored): T {
    const fresh = { ...object, metadata: { ...object.metadata, resourceVersion: String(++version) } };
    objects.set(id, fresh);
    return resource.schema.parse(structuredClone(fresh));
  }
  function expect(id: string, metadata: Fields | undefined): Stored {
    const there = objects.get(id);
    if (there === undefined) throw refused(404, "NotFound", id);
    for (const field of ["resourceVersion", "uid"]) {
      const asked = metadata?.[field];
      if (asked !== undefined && asked !== there.metadata[field]) throw refused(409, "Conflict", id);
    }
    return there;
  }
  const missing = (): never => {
    throw new Error("not in memory");
  };
  return {
    server: "memory",
    get size() {
      return objects.size;
    },
    async get(resource, key, { signal }) {
      const id = idOf(resource, key);
      await before({ verb: "get", text: id, signal });
      const there = objects.get(id);
      return there === undefined ? undefined : resource.schema.parse(structuredClone(there));
    },
    async create(resource, draft: Draft, { signal }) {
      const { namespace, name = "" } = draft.metadata;
      const id = idOf(resource, { namespace, name });
      await before({ verb: "create", text: id, signal });
      if (objects.has(id)) throw refused(409, "AlreadyExists", id);
      const whole = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...draft };
      return store(resource, id, { ...whole, metadata: { ...draft.metadata, uid: `uid-${++version}` } });
    },
    async replace(resource, object, { signal }) {
      const id = idOf(resource, { namespace: object.metadata.namespace, name: object.metadata.name ?? "" });
      await before({ verb: "replace", text: id, signal });
      expect(id, object.metadata);
      return store(resource, id, object as unknown as Stored);
    },
    async replaceStatus(resource, object, { signal }) {
      const id = idOf(resource, { namespace: object.metadata.namespace, name: object.metadata.name ?? "" });
      await before({ verb: "replaceStatus", text: id, signal });
      const there = expect(id, object.metadata);
      return store(resource, id, { ...there, status: (object as unknown as Fields)["status"] });
    },
    async patch(resource, key, { merge, signal }) {
      const id = idOf(resource, key);
      await before({ verb: "patch", text: id, signal });
      if (!objects.has(id)) return undefined;
      const { metadata } = merge;
      const there = expect(id, metadata as Fields | undefined);
      return store(resource, id, merged(there, merge) as Stored);
    },
    async remove(resource, key, { signal }) {
      const id = idOf(resource, key);
      await before({ verb: "remove", text: id, signal });
      return objects.delete(id);
    },
    list: missing,
    watch: missing,
    log: missing,
    request: missing,
    async [Symbol.asyncDispose]() {},
  };
}

/** RFC 7386. */
export function merged(there: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Fields = isFields(there) ? { ...there } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else if (value !== undefined) result[name] = merged(result[name], value);
  }
  return result;
}

export function refused(status: number, reason: string, what: string): KubeFailure {
  const body = JSON.stringify({ kind: "Status", code: status, reason, message: reason, details: { name: what } });
  return refusalOf({ action: what, status, body });
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
