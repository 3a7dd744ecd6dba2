import type { Opaque } from "../../api/kubernetes.ts";
import type { RuntimeSettings } from "../../api/runtime-settings.ts";

/** The user of our image and, as fsGroup, of the volumes: without it a fresh disk belongs to root and cannot be written. */
export const imageUser = 65534;

const defaultPodSecurity: Opaque = {
  runAsUser: imageUser,
  runAsGroup: imageUser,
  fsGroup: imageUser,
  // Not file by file through a large volume at every start.
  fsGroupChangePolicy: "OnRootMismatch",
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};

const defaultContainerSecurity: Opaque = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

/** The user's as a whole, `{}` included (OpenShift gives each namespace its own users). */
export function podSecurity({ pod }: RuntimeSettings = {}): Opaque {
  return pod?.securityContext ?? defaultPodSecurity;
}

/** Somebody who runs the pod as root does so to write where only root's capabilities reach. */
export function containerSecurity({ pod, container }: RuntimeSettings = {}): Opaque {
  const isRoot = pod?.securityContext?.["runAsUser"] === 0;
  return container?.securityContext ?? (isRoot ? {} : defaultContainerSecurity);
}
