import { z } from "zod";
import { Metadata } from "../api/document.ts";
import type { PersistentVolumeClaim } from "../kube/core.ts";
import type { Resource } from "../kube/resource.ts";

/** Where a claim's files lie, as the claim and its volume tell it. */

const quantity = z.union([z.string(), z.number()]);
export const ClaimSpec = z.looseObject({
  accessModes: z.array(z.string()).nullish(),
  storageClassName: z.string().nullish(),
  volumeName: z.string().nullish(),
  resources: z.looseObject({ requests: z.record(z.string(), quantity).nullish() }).nullish(),
});
export type ClaimSpec = z.infer<typeof ClaimSpec>;

const PersistentVolume = z.looseObject({
  ...{ apiVersion: z.string(), kind: z.string(), metadata: Metadata },
  spec: z
    .looseObject({
      hostPath: z.looseObject({ path: z.string() }).nullish(),
      local: z.looseObject({ path: z.string() }).nullish(),
    })
    .nullish(),
});
type PersistentVolume = z.infer<typeof PersistentVolume>;

export const persistentVolumes: Resource<PersistentVolume> = {
  ...{ group: "", version: "v1", kind: "PersistentVolume", plural: "persistentvolumes", scope: "Cluster" },
  schema: PersistentVolume,
};

/** Who made a volume that is a folder of ours. */
export const provisioner = "coldstream.dev/folder";

export function isOurs({ metadata }: PersistentVolume): boolean {
  return metadata.annotations?.["pv.kubernetes.io/provisioned-by"] === provisioner;
}

/** Of the volume that we make for a claim. */
export function volumeNameOf({ metadata }: PersistentVolumeClaim): string {
  return `pvc-${metadata.uid}`;
}

export type ClaimFolder =
  /** In the folder of claims. What a volume of ours says is where that folder was once: it may have been copied since. */
  | { readonly kind: "own" }
  | { readonly kind: "elsewhere"; readonly path: string }
  | { readonly kind: "lacking"; readonly message: string };

/** `volume`: the one that the claim names, as far as it is there. */
export function folderOf(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): ClaimFolder {
  const named = ClaimSpec.parse(claim.spec ?? {}).volumeName ?? "";
  const isNoneOrOurs = named === "" || (volume === undefined ? named === volumeNameOf(claim) : isOurs(volume));
  if (isNoneOrOurs) return { kind: "own" };
  const what = `persistentvolumeclaim "${claim.metadata.name}"`;
  if (volume === undefined) {
    return { kind: "lacking", message: `${what} waits for its volume: persistentvolume "${named}" not found` };
  }
  // from the first pod on, bound or not: files must not lie in one place today and in another tomorrow
  const path = volume.spec?.hostPath?.path ?? volume.spec?.local?.path;
  if (path !== undefined) return { kind: "elsewhere", path };
  return { kind: "lacking", message: `${what} lies on a volume that is no folder of this node` };
}
