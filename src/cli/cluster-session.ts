import { inCluster } from "../kube/in-cluster.ts";
import { kubeconfigPaths, readKubeconfig } from "../kube/kubeconfig.ts";
import type { ClusterSettings } from "../kube/settings.ts";
import type { Environment } from "./environment.ts";
import type { Values } from "./option.ts";
import type { kubeOptions } from "./options/kube.ts";

/** Where a pod finds its ServiceAccount. */
const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

export type NamedCluster = ClusterSettings & { readonly namespace: string };

/**
 * The cluster that the options, KUBECONFIG, the pod around, or ~/.kube/config name: the first of them.
 */
export function clusterSettings(
  { variables, home }: Environment,
  { kubeconfig, kubeContext }: Values<typeof kubeOptions>,
): NamedCluster {
  const host = variables["KUBERNETES_SERVICE_HOST"];
  const isNamed = kubeconfig !== undefined || kubeContext !== undefined || variables["KUBECONFIG"] !== undefined;
  if (!isNamed && host !== undefined) {
    return inCluster({ host, port: variables["KUBERNETES_SERVICE_PORT"] ?? "443", folder: accountFolder });
  }
  const paths = kubeconfig === undefined ? kubeconfigPaths({ variable: variables["KUBECONFIG"], home }) : [kubeconfig];
  const env = Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
  return readKubeconfig({ paths, context: kubeContext, env });
}
