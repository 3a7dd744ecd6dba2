import type { ConfigMap, Secret } from "../kube/core.ts";
import { fieldOf, type Place, resourceOf } from "./downward.ts";
import type { Named, NamedObjects } from "./environment.ts";
import type { MachinePod, PodVolume, ProjectedSource } from "./pod.ts";
import { amountOf } from "./quantity.ts";

export interface VolumeFile {
  /** In the volume. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode: number;
}

export interface TokenFile {
  readonly path: string;
  /** Absent: the API server's own. */
  readonly audience?: string | undefined;
  readonly expirationSeconds: number;
}

/** What has to be done so that a volume is there. */
export type VolumePlan =
  | { readonly kind: "empty"; readonly name: string; readonly limitBytes?: number }
  | {
      readonly kind: "files";
      readonly name: string;
      readonly files: readonly VolumeFile[];
      readonly tokens: readonly TokenFile[];
    }
  | { readonly kind: "host"; readonly name: string; readonly path: string; readonly type: string }
  | { readonly kind: "claim"; readonly name: string; readonly claim: string }
  /** As a kubelet says it: something that is named is not there (yet). */
  | { readonly kind: "lacking"; readonly name: string; readonly message: string };

export interface VolumesRequest {
  readonly pod: MachinePod;
  readonly place: Place;
  readonly named: Named;
}

/** What has to be read before the volumes can be planned. */
export function namedInVolumes(volumes: readonly PodVolume[]): NamedObjects {
  const sources = volumes.flatMap(sourcesOf);
  const names = (each: (source: ProjectedSource) => string | undefined) => [
    ...new Set(sources.map(each).filter((name) => name !== undefined)),
  ];
  return {
    secrets: names(({ secret }) => secret?.name),
    configMaps: names(({ configMap }) => configMap?.name),
  };
}

const known = new Set([
  ...["name", "emptyDir", "secret", "configMap", "downwardAPI", "projected", "hostPath"],
  ...["persistentVolumeClaim", "ephemeral"],
]);

export function planVolumes(request: VolumesRequest): readonly VolumePlan[] {
  return (request.pod.spec.volumes ?? []).map((volume) => planVolume(volume, request));
}

function planVolume(volume: PodVolume, request: VolumesRequest): VolumePlan {
  const { name, hostPath, persistentVolumeClaim, emptyDir } = volume;
  const foreign = Object.keys(volume).find((key) => !known.has(key) && volume[key] !== undefined);
  if (foreign !== undefined) {
    const message = `this node cannot mount a volume of the kind ${foreign}: name a claim or a hostPath instead`;
    return { kind: "lacking", name, message };
  }
  if (hostPath) return { kind: "host", name, path: hostPath.path, type: hostPath.type ?? "" };
  if (persistentVolumeClaim) return { kind: "claim", name, claim: persistentVolumeClaim.claimName };
  if (volume["ephemeral"]) return { kind: "claim", name, claim: `${request.pod.metadata.name}-${name}` };
  if (volume.secret || volume.configMap || volume.downwardAPI || volume.projected) return planFiles(volume, request);
  const limit = emptyDir?.sizeLimit;
  const limitBytes = limit === undefined || limit === null ? 0 : amountOf(limit);
  return limitBytes > 0 ? { kind: "empty", name, limitBytes } : { kind: "empty", name };
}

/** A volume of files as the sources that a projected one has. */
function sourcesOf({ secret, configMap, downwardAPI, projected }: PodVolume): readonly ProjectedSource[] {
  if (secret) return [{ secret: { ...secret, name: secret.secretName } }];
  if (configMap) return [{ configMap }];
  if (downwardAPI) return [{ downwardAPI }];
  return projected?.sources ?? [];
}

class Lacking extends Error {}

function planFiles(volume: PodVolume, request: VolumesRequest): VolumePlan {
  const { name, secret, configMap, downwardAPI, projected } = volume;
  const mode = (secret ?? configMap ?? downwardAPI ?? projected)?.defaultMode ?? 0o644;
  const sources = sourcesOf(volume);
  try {
    const files = sources.flatMap((source) => filesOf(source, mode, request));
    const tokens = sources.flatMap(({ serviceAccountToken }) => (serviceAccountToken ? [serviceAccountToken] : []));
    return {
      kind: "files",
      name,
      files,
      tokens: tokens.map(({ path, audience, expirationSeconds }) => ({
        path,
        ...(audience === undefined || audience === "" ? {} : { audience }),
        expirationSeconds: expirationSeconds ?? 3600,
      })),
    };
  } catch (error) {
    if (!(error instanceof Lacking)) throw error;
    return { kind: "lacking", name, message: `MountVolume.SetUp failed for volume "${name}" : ${error.message}` };
  }
}

function filesOf(source: ProjectedSource, mode: number, { named, pod, place }: VolumesRequest): readonly VolumeFile[] {
  const { secret, configMap, downwardAPI } = source;
  if (secret) {
    const found = named.secrets.get(secret.name ?? "");
    // whoever else works on this machine reads no Secrets
    return pick("secret", secret, contentsOfSecret(found), mode).map((file) => ({ ...file, mode: file.mode & 0o700 }));
  }
  if (configMap) {
    return pick("configmap", configMap, contentsOfConfigMap(named.configMaps.get(configMap.name ?? "")), mode);
  }
  return (downwardAPI?.items ?? []).map((item) => {
    const { fieldRef, resourceFieldRef } = item;
    const container = pod.spec.containers.find(({ name }) => name === resourceFieldRef?.containerName);
    const text = fieldRef
      ? fieldOf(pod, fieldRef.fieldPath, place)
      : resourceFieldRef && container && resourceOf(container, resourceFieldRef, place);
    if (text === undefined || text === null) {
      throw new Lacking(`this node does not know the field "${fieldRef?.fieldPath ?? resourceFieldRef?.resource}"`);
    }
    return { path: item.path, content: Buffer.from(text), mode: item.mode ?? mode };
  });
}

type Contents = Readonly<Record<string, Uint8Array>>;

interface Picking {
  readonly name?: string | undefined;
  readonly items?:
    | readonly { readonly key: string; readonly path: string; readonly mode?: number | null | undefined }[]
    | null
    | undefined;
  readonly optional?: boolean | null | undefined;
}

function pick(
  kind: string,
  { name = "", items, optional }: Picking,
  contents: Contents | undefined,
  mode: number,
): readonly VolumeFile[] {
  if (contents === undefined) {
    if (optional === true) return [];
    throw new Lacking(`${kind} "${name}" not found`);
  }
  const wanted = items ?? Object.keys(contents).map((key) => ({ key, path: key, mode: undefined }));
  return wanted.flatMap((item) => {
    const content = contents[item.key];
    if (content !== undefined) return [{ path: item.path, content, mode: item.mode ?? mode }];
    if (optional === true) return [];
    throw new Lacking(`references non-existent ${kind} key: ${item.key}`);
  });
}

function contentsOfSecret(secret: Secret | undefined): Contents | undefined {
  return secret === undefined ? undefined : bytesOf(secret.data, "base64");
}

function contentsOfConfigMap(configMap: ConfigMap | undefined): Contents | undefined {
  if (configMap === undefined) return undefined;
  const binary = configMap["binaryData"];
  const texts = Object.entries(typeof binary === "object" && binary !== null ? binary : {});
  const own = Object.fromEntries(texts.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  return { ...bytesOf(configMap.data, "utf8"), ...bytesOf(own, "base64") };
}

function bytesOf(texts: Readonly<Record<string, string>> | null | undefined, encoding: BufferEncoding): Contents {
  return Object.fromEntries(Object.entries(texts ?? {}).map(([key, text]) => [key, Buffer.from(text, encoding)]));
}
