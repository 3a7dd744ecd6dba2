import type { Draft } from "../kube/cluster.ts";
import type { KubeObject, Resource } from "../kube/resource.ts";

/** An object that the operator makes. Names follow from owners, so making it again meets the same one. */
export interface MadeObject<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly draft: Draft;
}
