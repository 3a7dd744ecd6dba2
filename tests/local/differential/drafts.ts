import { isObject, type JsonObject } from "../../../src/local/json.ts";
import { groupVersionOf, type ServedResource } from "../../../src/local/served.ts";
import { kept } from "../shapes-changes.ts";
import { objects } from "../shapes-inputs.ts";
import type { Step } from "./side.ts";

export const namespace = "demo";

/** Names are few, so that requests meet. */
export const names = ["one", "two", "three"] as const;

export function collectionOf({ group, version, plural }: ServedResource): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${root}/namespaces/${namespace}/${plural}`;
}

export type Draw = <T>(list: readonly T[]) => T;

export interface Context {
  readonly resource: ServedResource;
  readonly draw: Draw;
  readonly count: number;
  readonly collection: string;
}

export type Maker = (context: Context) => Step;

export const queries = [
  "",
  "",
  "",
  "",
  "?dryRun=All",
  "?fieldValidation=Strict",
  "?fieldValidation=Ignore",
  "?fieldManager=me",
];

/** An object to be sent, good or not. */
export function draftOf({ resource, draw }: Context, metadata: JsonObject): JsonObject {
  const isGood = draw([true, true, false]);
  const good = kept[resource.kind]?.object;
  const draft = isGood && good !== undefined ? good : draw(objects[resource.kind] ?? [{}]);
  const own = draft["metadata"];
  const labels = draw([{}, {}, { labels: { a: "b" } }, { labels: { a: "c", x: "y" } }]);
  return {
    ...{ apiVersion: groupVersionOf(resource), kind: resource.kind, ...draft },
    metadata: { namespace, ...labels, ...metadata, ...(isObject(own) ? own : {}) },
  };
}
