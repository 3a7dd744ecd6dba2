import type { OwnerReference } from "../api/kubernetes.ts";
import type { Draft } from "../kube/cluster.ts";
import type { KubeObject, Resource } from "../kube/resource.ts";

/** An object that the operator makes. Names follow from owners, so making it again meets the same one. */
export interface MadeObject<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly draft: Draft;
}

/** Of what is made for another object, in its namespace or in another (then without an owner). */
export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

export function made<T extends KubeObject>(
  resource: Resource<T>,
  { metadata, ...rest }: { readonly metadata: Metadata } & Readonly<Record<string, unknown>>,
): MadeObject {
  return { resource, draft: { metadata: { ...metadata }, ...rest } };
}
