import type { Key, KubeObject, Resource } from "./resource.ts";

/** A connection to an API server. Requests that fail throw a KubeFailure (failure.ts); "not there" is an outcome. */
export interface Cluster {
  /** For messages. */
  readonly server: string;
  get<T extends KubeObject>(resource: Resource<T>, key: Key, waiting: Waiting): Promise<T | undefined>;
  /** Read page by page and given as one. */
  list<T extends KubeObject>(resource: Resource<T>, where: Where, waiting: Waiting): Promise<Listed<T>>;
  /** Throws when one of that name exists (KubeFailure.isReason(error, "AlreadyExists")). */
  create<T extends KubeObject>(resource: Resource<T>, object: Draft, waiting: Waiting): Promise<T>;
  /** PUT of the whole object. With a resourceVersion it throws reason "Conflict" when the object has changed since. */
  replace<T extends KubeObject>(resource: Resource<T>, object: T, waiting: Waiting): Promise<T>;
  /** PUT of the status alone. Metadata but for the resourceVersion, and spec, are not looked at by the server. */
  replaceStatus<T extends KubeObject>(resource: Resource<T>, object: T, waiting: Waiting): Promise<T>;
  /** JSON merge patch; lists are replaced whole. undefined: the object is gone. */
  patch<T extends KubeObject>(resource: Resource<T>, key: Key, options: PatchOptions): Promise<T | undefined>;
  /** False when it was not there (or is another one than `uid`). It may stay for a while when it has finalizers. */
  remove<T extends KubeObject>(resource: Resource<T>, key: Key, options: RemoveOptions): Promise<boolean>;
  /**
   * The changes after `resourceVersion`, over one connection that ends by itself now and then. Throws reason "Expired"
   * when the version is too old: list again. Callers that want it for good use follow.ts.
   */
  watch<T extends KubeObject>(
    resource: Resource<T>,
    where: Where,
    options: Waiting & { readonly resourceVersion: string },
  ): AsyncIterable<WatchEvent<T>>;
  /** The end of a container's log; undefined when there is none (any more). */
  log(
    pod: Key,
    options: Waiting & { readonly container: string; readonly tailLines: number },
  ): Promise<string | undefined>;
  /** Anything else: a subresource, a review, discovery. */
  request(request: RawRequest, waiting: Waiting): Promise<unknown>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Waiting {
  readonly signal: AbortSignal;
}

/** What is sent to make an object: apiVersion and kind are filled in from the resource. */
export interface Draft {
  readonly metadata: {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string | undefined;
  } & Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface Where {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface Listed<T> {
  readonly items: readonly T[];
  /** Items that the schema refuses, by name and reason: one bad object must not hide the others. */
  readonly refused: readonly RefusedObject[];
  readonly resourceVersion: string;
}

export interface RefusedObject {
  readonly key: Key;
  readonly reason: string;
}

export type WatchEvent<T> =
  | { readonly type: "added" | "modified" | "deleted"; readonly object: T }
  | { readonly type: "bookmark"; readonly resourceVersion: string }
  | {
      readonly type: "refused";
      readonly refused: RefusedObject;
      readonly resourceVersion: string;
      /** It is gone, so nobody need care any more. */
      readonly isDeleted: boolean;
    };

export interface PatchOptions extends Waiting {
  readonly merge: Readonly<Record<string, unknown>>;
  readonly subresource?: "status";
}

export interface RemoveOptions extends Waiting {
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  /** Only this incarnation. */
  readonly uid?: string;
}

export interface RawRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the slash on, query included. */
  readonly path: string;
  readonly body?: unknown;
  /** Of the body; default application/json. */
  readonly contentType?: string;
}
