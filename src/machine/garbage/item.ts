import { z } from "zod";
import { Metadata } from "../../api/document.ts";
import type { KubeObject, Resource } from "../../kube/resource.ts";

/** An object as the garbage collector looks at it: who it is, and whose. */
export type Item = KubeObject;
const Item: z.ZodType<Item> = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: Metadata });

export function itemsOf({ group, version, kind, plural, scope }: Resource<KubeObject>): Resource<Item> {
  return { group, version, kind, plural, scope, schema: Item };
}

/** Of every kind all objects are kept, so nothing else of them is. */
export function trimItem({ apiVersion, kind, metadata }: Item): Item {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, finalizers, ownerReferences } = metadata;
  return {
    ...{ apiVersion, kind },
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(deletionTimestamp != null && { deletionTimestamp }),
      ...(finalizers != null && finalizers.length > 0 && { finalizers }),
      ...(ownerReferences != null && ownerReferences.length > 0 && { ownerReferences }),
    },
  };
}

/** An owner that goes only after what it owns. */
export const foreground = "foregroundDeletion";
/** An owner that lets go of what it owns before it goes. */
export const orphan = "orphan";

export function isGoingWith({ metadata }: Item, finalizer: string): boolean {
  return typeof metadata.deletionTimestamp === "string" && (metadata.finalizers ?? []).includes(finalizer);
}

/** The group of an apiVersion; empty for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}
