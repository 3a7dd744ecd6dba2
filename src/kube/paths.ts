import type { Where } from "./cluster.ts";
import type { Key, KubeObject, Resource } from "./resource.ts";

/** Where the objects of a kind lie: of all namespaces, or of one. */
export function collectionPath<T extends KubeObject>(resource: Resource<T>, namespace: string | undefined): string {
  const { group, version, plural, scope } = resource;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return scope === "Cluster" || namespace === undefined
    ? `${root}/${plural}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

/** Where one object lies, or a part of it. Throws TypeError when the namespace is missing: a list would be asked for. */
export function objectPath<T extends KubeObject>(resource: Resource<T>, key: Key, part?: "status" | "log"): string {
  const isLost = resource.scope === "Namespaced" && (key.namespace === undefined || key.namespace === "");
  if (isLost) throw new TypeError(`${resource.kind} ${key.name} needs a namespace`);
  if (key.name === "") throw new TypeError(`a ${resource.kind} needs a name`);
  const path = `${collectionPath(resource, key.namespace)}/${encodeURIComponent(key.name)}`;
  return part === undefined ? path : `${path}/${part}`;
}

/** `?a=b&c=d` of what is given, or nothing. */
export function query(fields: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(fields).flatMap(([name, value]): [string, string][] =>
    value === undefined || value === "" ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

export function selection({ labelSelector, fieldSelector }: Where) {
  return { labelSelector, fieldSelector };
}
