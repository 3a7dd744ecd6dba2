import { z } from "zod";
import { apiVersionOf, type Kind } from "./kinds.ts";
import { OwnerReference } from "./kubernetes.ts";
import { Time } from "./structural.ts";

/** The part of every object that the API server checks itself; what is not named here passes through. */
export const Metadata = z.looseObject({
  name: z.string().optional(),
  generateName: z.string().optional(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.int().optional(),
  creationTimestamp: Time.nullish(),
  deletionTimestamp: Time.nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
  finalizers: z.array(z.string()).nullish(),
  ownerReferences: z.array(OwnerReference).nullish(),
});
export type Metadata = z.infer<typeof Metadata>;

/** The schema of a whole object of `kind`, with these fields beside the three that all kinds have. */
export function documentOf<const K extends Kind, F extends z.core.$ZodLooseShape>(kind: K, fields: F) {
  return z.object({
    apiVersion: z.literal(apiVersionOf(kind)),
    kind: z.literal(kind),
    metadata: Metadata,
    ...fields,
  });
}
