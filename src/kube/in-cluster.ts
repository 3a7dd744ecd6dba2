import { join } from "node:path";
import { bracketed } from "../kit/hosts.ts";
import { rotatingFile } from "./rotating-file.ts";
import type { ClusterSettings } from "./settings.ts";

export interface PodIdentity {
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT of the pod. */
  readonly host: string;
  readonly port: number | string;
  /** Where the files of the ServiceAccount lie: token, ca.crt, namespace. */
  readonly folder: string;
  readonly resolve?: ClusterSettings["resolve"];
}

/** The API server as a pod reaches it. Throws `credentials-unreadable` when a file of the ServiceAccount is missing. */
export function inCluster({
  host,
  port,
  folder,
  resolve,
}: PodIdentity): ClusterSettings & { readonly namespace: string } {
  const token = rotatingFile(join(folder, "token"), "the ServiceAccount's token");
  const ca = rotatingFile(join(folder, "ca.crt"), "the API server's CA");
  const namespace = rotatingFile(join(folder, "namespace"), "the pod's namespace").read();
  // now rather than at the first request
  token.read();
  ca.read();
  return {
    server: `https://${bracketed(host)}:${port}`,
    ca: ca.read,
    token: token.read,
    renew: token.renew,
    namespace,
    ...(resolve === undefined ? {} : { resolve }),
  };
}
