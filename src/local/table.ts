import { at, type JsonObject, type JsonValue, textAt } from "./json.ts";
import type { ServedResource } from "./served.ts";

export interface TableOptions {
  /** ms since 1970; ages are counted up to here. */
  readonly now: number;
  /** What of each object goes along; kubectl asks for "Metadata", or for the "Object" when it sorts or filters. */
  readonly includeObject: "None" | "Metadata" | "Object";
  /** Of a list: resourceVersion, continue, remainingItemCount. */
  readonly metadata?: JsonObject;
  /** Left out in a watch's later events, which kubectl shows without a heading. */
  readonly withoutColumns?: boolean;
}

/** What `kubectl get` shows: a meta.k8s.io/v1 Table. */
export function tableOf(
  resource: ServedResource,
  objects: readonly JsonObject[],
  { now, includeObject, metadata = {}, withoutColumns = false }: TableOptions,
): JsonObject {
  const columns = resource.columns.map(({ cell: _, ...definition }) => definition);
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: withoutColumns ? null : columns,
    rows: objects.map((object) => ({
      cells: resource.columns.map(({ cell }) => cell(object, now)),
      ...conditionsOf(resource, object),
      ...objectOf(object, includeObject),
    })),
  };
}

function objectOf(object: JsonObject, included: TableOptions["includeObject"]): JsonObject {
  switch (included) {
    case "None":
      return {};
    case "Metadata":
      return { object: metadataOnly(object) };
    case "Object":
      return { object };
    default:
      throw new Error(`unknown choice ${included satisfies never}`);
  }
}

/** The object as clients get it that ask for metadata alone. */
export function metadataOnly(object: JsonObject): JsonObject {
  const metadata: JsonValue = at(object, "metadata") ?? {};
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}

const completed: Readonly<Record<string, string>> = {
  Succeeded: "The pod has completed successfully.",
  Failed: "The pod failed.",
};

/** Pods that have ended are marked, so that clients can hide them. */
function conditionsOf({ kind, isOurs }: ServedResource, object: JsonObject): JsonObject {
  const reason = textAt(object, "status", "phase");
  const message = kind === "Pod" && !isOurs ? completed[reason] : undefined;
  return message === undefined ? {} : { conditions: [{ type: "Completed", status: "True", reason, message }] };
}
