import type { MachinePod, PodContainer } from "./pod.ts";

const path = "/var/run/secrets/kubernetes.io/serviceaccount";
const name = "kube-api-access";

/**
 * The pod with a folder of its ServiceAccount's token, as an API server's admission adds it. A pod that came with one
 * (or does not want one) stays as it is.
 */
export function withServiceAccount(pod: MachinePod): MachinePod {
  const { spec } = pod;
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const isThere = containers.some(({ volumeMounts }) => volumeMounts?.some(({ mountPath }) => mountPath === path));
  if (isThere || spec.automountServiceAccountToken === false) return pod;
  const mount = (container: PodContainer): PodContainer => ({
    ...container,
    volumeMounts: [...(container.volumeMounts ?? []), { name, mountPath: path, readOnly: true }],
  });
  const sources = [
    { serviceAccountToken: { path: "token", expirationSeconds: 3607 } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    { downwardAPI: { items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }] } },
  ];
  return {
    ...pod,
    spec: {
      ...spec,
      initContainers: (spec.initContainers ?? []).map(mount),
      containers: spec.containers.map(mount),
      volumes: [...(spec.volumes ?? []), { name, projected: { sources, defaultMode: 0o644 } }],
    },
  };
}
