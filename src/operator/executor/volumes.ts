import type { LocalBackend } from "../../api/backend.ts";
import type { Volume, VolumeMount } from "../../api/kubernetes.ts";
import { volumes } from "../../api/labels.ts";
import type { Repository } from "../../api/repository.ts";
import { Failure } from "../../kit/failures.ts";
import { called, type Invoker } from "../task/target.ts";

export interface MountedVolume {
  readonly volume: Volume;
  readonly mount: VolumeMount;
}

/** For temporary files, and for what one step leaves for the next. */
export function scratchVolume({ spec }: Invoker): MountedVolume {
  const { medium, sizeLimit } = spec.tempDir ?? {};
  const { name, path } = volumes.scratch;
  const emptyDir = {
    ...(medium === undefined ? {} : { medium }),
    ...(sizeLimit === undefined ? {} : { sizeLimit }),
  };
  return { volume: { name, emptyDir }, mount: { name, mountPath: path } };
}

export function interimVolume(claimName: string): MountedVolume {
  const { name, path } = volumes.interim;
  return { volume: { name, persistentVolumeClaim: { claimName } }, mount: { name, mountPath: path } };
}

/**
 * The volume in which the repository itself lies, when its backend is local. Throws `configuration-invalid` when it names none:
 * what is written there would go with the pod.
 */
export function localVolume(repository: Repository): MountedVolume | undefined {
  const local: LocalBackend | undefined = repository.spec.backend?.local;
  if (local === undefined) return undefined;
  const { mountPath, subPath, ...source } = local;
  const { name } = volumes.local;
  if (Object.values(source).every((each) => each === undefined)) {
    throw new Failure("configuration-invalid", `${called(repository)}: its local backend names no volume`, {
      hint: "add one beside mountPath, for example nfs, hostPath or persistentVolumeClaim",
    });
  }
  return {
    volume: { name, ...source },
    mount: { name, mountPath, ...(subPath === undefined || subPath === "" ? {} : { subPath }) },
  };
}
