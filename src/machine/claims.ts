import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Metadata } from "../api/document.ts";
import type { Log } from "../kit/log.ts";
import type { Cluster } from "../kube/cluster.ts";
import { namespaces, type PersistentVolumeClaim, persistentVolumeClaims } from "../kube/core.ts";
import { KubeFailure } from "../kube/failure.ts";
import { type Followed, follow } from "../kube/follow.ts";
import type { Resource } from "../kube/resource.ts";
import { updateStatus } from "../kube/update.ts";
import { ClaimSpec, folderOf, isOurs, persistentVolumes, provisioner, volumeNameOf } from "./claim-place.ts";
import { amountOf } from "./quantity.ts";

/** Claims of volumes as folders of this machine. */

const StorageClass = z.looseObject({
  ...{ apiVersion: z.string(), kind: z.string(), metadata: Metadata },
  provisioner: z.string(),
});
const storageClasses: Resource<z.infer<typeof StorageClass>> = {
  ...{ group: "storage.k8s.io", version: "v1", kind: "StorageClass", plural: "storageclasses", scope: "Cluster" },
  schema: StorageClass,
};

export type ClaimPlace =
  | { readonly kind: "place"; readonly path: string; readonly limitBytes: number | undefined }
  /** It has to be waited for. */
  | { readonly kind: "lacking"; readonly message: string };

export interface Claims {
  readonly all: Followed<PersistentVolumeClaim>;
  /** Where a claim's files lie. A claim that nobody else provides for gets a folder and is marked Bound. */
  place(namespace: string, name: string): Promise<ClaimPlace>;
}

export interface ClaimsOptions {
  readonly folder: string;
  readonly node: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Follows all claims; the folder of one that was deleted goes with it. */
export function openClaims(cluster: Cluster, options: ClaimsOptions): Claims {
  const { log, signal } = options;
  const remove = (claim: PersistentVolumeClaim) =>
    discard(cluster, claim, options).catch((error: unknown) =>
      log.warn({ claim: claim.metadata.name, error }, "the folder of a deleted claim was not removed"),
    );
  const all = follow(
    cluster,
    persistentVolumeClaims,
    {},
    {
      signal,
      onChange: ({ before, after }) => after === undefined && before !== undefined && void remove(before),
      onTrouble: (error) => log.warn({ error }, "following claims"),
    },
  );
  sweep(cluster, options).catch((error: unknown) => log.warn({ error }, "folders of deleted claims were not removed"));
  return {
    all,
    place: async (namespace, name) => await placeOf(cluster, { namespace, name }, options),
  };
}

interface ClaimKey {
  readonly namespace: string;
  readonly name: string;
}

async function placeOf(cluster: Cluster, key: ClaimKey, options: ClaimsOptions): Promise<ClaimPlace> {
  const claim = await cluster.get(persistentVolumeClaims, key, options);
  if (claim === undefined) return { kind: "lacking", message: `persistentvolumeclaim "${key.name}" not found` };
  const spec = ClaimSpec.parse(claim.spec ?? {});
  const requested = spec.resources?.requests?.["storage"];
  const limitBytes = requested === undefined ? undefined : amountOf(requested);
  const own = join(options.folder, folderName(claim));
  const found = folderOf(claim, await volumeOf(cluster, spec, options));
  if (found.kind === "lacking") return found;
  const path = found.kind === "own" ? own : found.path;
  const isBound = claim.status?.["phase"] === "Bound";
  const isForUs = isBound || found.kind === "elsewhere";
  const provisioner = isForUs ? undefined : await provisionerOf(cluster, spec, options);
  if (provisioner !== undefined) {
    const message = `persistentvolumeclaim "${key.name}" is not bound: it waits for ${provisioner}`;
    return { kind: "lacking", message };
  }
  await mkdir(path, { recursive: true });
  if (!isBound) await bind(cluster, claim, { spec, path, node: options.node, signal: options.signal });
  // what lies elsewhere was there before, and is bounded by whoever made it
  return { kind: "place", path, limitBytes: found.kind === "own" ? limitBytes : undefined };
}

/** The volume that the claim names, if there is one. */
async function volumeOf(cluster: Cluster, spec: ClaimSpec, { signal }: ClaimsOptions) {
  const name = spec.volumeName ?? "";
  if (name === "") return undefined;
  return await unlessUnknown(() => cluster.get(persistentVolumes, { name }, { signal }));
}

/** Who else provides for claims of this class. */
async function provisionerOf(
  cluster: Cluster,
  spec: ClaimSpec,
  { signal }: ClaimsOptions,
): Promise<string | undefined> {
  const name = spec.storageClassName ?? "";
  if (name === "") return undefined;
  const found = await unlessUnknown(() => cluster.get(storageClasses, { name }, { signal }));
  return found === undefined || found.provisioner === "kubernetes.io/no-provisioner" ? undefined : found.provisioner;
}

interface Binding {
  readonly spec: ClaimSpec;
  readonly path: string;
  readonly node: string;
  readonly signal: AbortSignal;
}

/** With a volume of its own, so that a controller of volumes agrees; a server without volumes has just the status. */
async function bind(cluster: Cluster, claim: PersistentVolumeClaim, binding: Binding): Promise<void> {
  const { namespace, name = "" } = claim.metadata;
  const { signal, spec } = binding;
  const asked = spec.volumeName ?? "";
  const isOwn = asked === "" || asked === volumeNameOf(claim);
  const volume = isOwn ? await unlessUnknown(() => makeVolume(cluster, claim, binding)) : undefined;
  if (volume !== undefined && asked === "") {
    const annotations = { "pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes" };
    const merge = { metadata: { annotations }, spec: { volumeName: volume } };
    await cluster.patch(persistentVolumeClaims, { namespace, name }, { signal, merge });
  }
  const { accessModes } = spec;
  const capacity = spec.resources?.requests ?? {};
  await updateStatus(
    cluster,
    persistentVolumeClaims,
    { namespace, name },
    ({ status }) => (status?.["phase"] === "Bound" ? undefined : { ...status, phase: "Bound", accessModes, capacity }),
    { signal },
  );
}

async function makeVolume(cluster: Cluster, claim: PersistentVolumeClaim, binding: Binding): Promise<string> {
  const { spec, path, node, signal } = binding;
  const { namespace, name, uid } = claim.metadata;
  const volume = volumeNameOf(claim);
  const place = { key: "kubernetes.io/hostname", operator: "In", values: [node] };
  const draft = {
    metadata: { name: volume, annotations: { "pv.kubernetes.io/provisioned-by": provisioner } },
    spec: {
      capacity: spec.resources?.requests ?? {},
      accessModes: spec.accessModes ?? [],
      persistentVolumeReclaimPolicy: "Delete",
      storageClassName: spec.storageClassName ?? "",
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid },
      hostPath: { path, type: "DirectoryOrCreate" },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [place] }] } },
    },
  };
  try {
    await cluster.create(persistentVolumes, draft, { signal });
  } catch (error) {
    if (!KubeFailure.isReason(error, "AlreadyExists")) throw error;
  }
  return volume;
}

function folderName({ metadata }: PersistentVolumeClaim): string {
  return `${metadata.namespace}_${metadata.name}_${metadata.uid}`;
}

async function discard(
  cluster: Cluster,
  claim: PersistentVolumeClaim,
  { folder, signal }: ClaimsOptions,
): Promise<void> {
  await rm(join(folder, folderName(claim)), { recursive: true, force: true });
  await unlessUnknown(async () => {
    const volume = await cluster.get(persistentVolumes, { name: volumeNameOf(claim) }, { signal });
    if (volume === undefined || !isOurs(volume)) return;
    await cluster.remove(persistentVolumes, { name: volumeNameOf(claim) }, { signal });
  });
}

/**
 * Folders of claims that were deleted while nobody looked. Only where the cluster is the one that they were made for: a
 * cluster that was made anew knows none of them, and they may hold the only copy of something.
 */
async function sweep(cluster: Cluster, { folder, signal }: ClaimsOptions): Promise<void> {
  const system = await unlessUnknown(() => cluster.get(namespaces, { name: "kube-system" }, { signal }));
  const identity = system?.metadata.uid ?? "";
  const marker = join(folder, "cluster");
  await mkdir(folder, { recursive: true });
  const known = await readFile(marker, "utf8").catch(() => "");
  if (identity !== known || identity === "") return known === "" ? await writeFile(marker, identity) : undefined;
  for (const entry of await readdir(folder)) {
    const [namespace, name, uid] = entry.split("_");
    if (namespace === undefined || name === undefined || uid === undefined) continue;
    const claim = await cluster.get(persistentVolumeClaims, { namespace, name }, { signal });
    if (claim?.metadata.uid !== uid) await rm(join(folder, entry), { recursive: true, force: true });
  }
}

/** undefined where the server does not know such objects, or keeps them to itself. */
async function unlessUnknown<T>(call: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (KubeFailure.isReason(error, "NotServed", "Forbidden")) return undefined;
    throw error;
  }
}
