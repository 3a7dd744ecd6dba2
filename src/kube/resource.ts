import type { z } from "zod";
import type { Metadata } from "../api/document.ts";
import { type DocumentOf, documents } from "../api/documents.ts";
import { type Kind, kinds } from "../api/kinds.ts";

/** What every object has. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
}

/** A kind of object as an API server serves it: where it lies, and what its documents look like. */
export interface Resource<T extends KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly scope: "Namespaced" | "Cluster";
  /** Reads what the server sends. Fields that it does not name are lost or kept as the schema says. */
  readonly schema: z.ZodType<T>;
}

/** Which object. No namespace for those of the cluster. */
export interface Key {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** One of our kinds. */
export function resourceOf<K extends Kind>(kind: K): Resource<DocumentOf<K> & KubeObject> {
  const { group, version, plural, scope } = kinds[kind];
  const schema = documents[kind] as unknown as z.ZodType<DocumentOf<K> & KubeObject>;
  return { group, version, kind, plural, scope, schema };
}

export function apiVersionOf({ group, version }: Pick<Resource<KubeObject>, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}

/** The key of an object that came from a server. Throws TypeError for one without a name. */
export function keyOf({ metadata: { namespace, name } }: KubeObject): Key {
  if (name === undefined) throw new TypeError("an object without a name");
  return namespace === undefined ? { name } : { namespace, name };
}

/** `namespace/name`, or `name`: for queues, maps and messages. */
export function keyText({ namespace, name }: Key): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** What `keyText` made. */
export function keyFrom(text: string): Key {
  const [place = "", name] = text.split("/");
  return name === undefined ? { name: place } : { namespace: place, name };
}
