import type { StructuralSchema } from "../../api/structural.ts";

/** An OpenAPI v3 schema as Kubernetes publishes them and as CustomResourceDefinitions hold them. */
export interface Schema extends Omit<StructuralSchema, "properties" | "additionalProperties" | "items"> {
  /** `#/components/schemas/NAME` of openapi.json. Kubernetes puts it into `allOf` where it says something beside it. */
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-group-version-kind"?: readonly GroupVersionKind[];
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}
