import type { Entry, Place } from "./entry.ts";
import { at, isObject, type JsonObject, type JsonValue, textAt } from "./json.ts";
import { groupVersionOf, type ServedResource } from "./served.ts";
import type { FieldValidation } from "./shapes.ts";
import { badRequest, notFound, pluralOf } from "./status.ts";
import type { Store } from "./store-writes.ts";

/** What every operation on objects needs. */
export interface Objects {
  readonly store: Store;
  readonly clock: () => Date;
  /** Five characters or so for generateName; unlikely to come twice. */
  readonly suffix: () => string;
  readonly uid: () => string;
  /** Names of folders' and clients' certificates: what kube-root-ca.crt holds. */
  readonly caPem: string;
}

/** Which object of which kind. `namespace`: "" for objects of the cluster. */
export interface ObjectAt {
  readonly resource: ServedResource;
  readonly namespace: string;
  readonly name: string;
}

export interface WriteOptions extends FieldValidation {
  /** Everything but the write. */
  readonly dryRun: boolean;
}

export function placeOf({ resource, namespace, name }: ObjectAt): Place {
  return { resource: pluralOf(resource), namespace, name };
}

export function find({ store }: Objects, target: ObjectAt): Entry {
  const entry = store.get(placeOf(target));
  if (entry === undefined) throw notFound(target.resource, target.name);
  return entry;
}

/**
 * Whether the object as it is known, or that there is none, is still being written, and may be undone. Who answers without a
 * write of his own waits first: `while (isUnderWay(objects, target)) await objects.store.settled()`.
 */
export function isUnderWay({ store }: Objects, target: ObjectAt): boolean {
  const entry = store.get(placeOf(target));
  return entry === undefined ? store.isWriting : entry.version > store.version;
}

export function metadataOf(object: JsonObject): JsonObject {
  const metadata = object["metadata"];
  return isObject(metadata) ? metadata : {};
}

/** The object with these fields of its metadata; undefined takes one away. */
export function withMetadata(object: JsonObject, fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return { ...object, metadata: without({ ...metadataOf(object), ...fields }) };
}

/** Without the fields that are undefined. */
export function without(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const kept = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return Object.fromEntries(kept);
}

export function textOf(object: JsonObject, version: number): string {
  return JSON.stringify(withMetadata(object, { resourceVersion: String(version) }));
}

/** Refuses what is of another kind or for another place than the request, and fills in what the request says. */
export function addressed(object: JsonObject, { resource, namespace }: Omit<ObjectAt, "name">): JsonObject {
  const { apiVersion = "", kind = "", ...fields } = object;
  const wanted = groupVersionOf(resource);
  if (apiVersion !== "" && apiVersion !== wanted) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`);
  }
  if (kind !== "" && kind !== resource.kind) {
    throw badRequest(`the kind in the data (${kind}) does not match the expected kind (${resource.kind})`);
  }
  const metadata = object["metadata"] ?? {};
  if (!isObject(metadata)) throw badRequest("metadata of the object is no JSON object");
  const given = textAt(metadata, "namespace");
  if (given !== "" && given !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  const { namespace: _, ...rest } = metadata;
  const place = namespace === "" ? rest : { ...rest, namespace };
  return { apiVersion: wanted, kind: resource.kind, metadata: place, ...withoutMetadata(fields) };
}

function withoutMetadata({ metadata: _, ...fields }: JsonObject): JsonObject {
  return fields;
}

export function isGoing(object: JsonObject): boolean {
  return textAt(object, "metadata", "deletionTimestamp") !== "";
}

export function finalizersOf(object: JsonObject): readonly string[] {
  const all = at(object, "metadata", "finalizers");
  return Array.isArray(all) ? all.filter((one): one is string => typeof one === "string") : [];
}
