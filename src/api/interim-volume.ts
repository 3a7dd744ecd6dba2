import { z } from "zod";
import { OwnerReference, PersistentVolumeClaimSpec, PersistentVolumeClaimStatus } from "./kubernetes.ts";

/** A PersistentVolumeClaim as part of another object. Only `metadata.name` and `spec` are used. */
export const PersistentVolumeClaimTemplate = z.object({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  metadata: z
    .object({
      name: z.string().optional(),
      generateName: z.string().optional(),
      namespace: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
      annotations: z.record(z.string(), z.string()).optional(),
      ownerReferences: z.array(OwnerReference).optional(),
    })
    .optional(),
  spec: PersistentVolumeClaimSpec.optional(),
  status: PersistentVolumeClaimStatus.optional(),
});
export type PersistentVolumeClaimTemplate = z.infer<typeof PersistentVolumeClaimTemplate>;

export const InterimVolumeTemplate = PersistentVolumeClaimTemplate.describe(
  "A volume for data on its way to or from the repository; it goes when the Job is done.",
);
export type InterimVolumeTemplate = PersistentVolumeClaimTemplate;
