import { writeWhole } from "../kit/whole-file.ts";
import type { ApiServer } from "./server.ts";

/** A kubeconfig of the administrator: YAML, of which JSON is a part. */
export function kubeconfigOf({ url, caPem, adminToken }: Pick<ApiServer, "url" | "caPem" | "adminToken">): string {
  const name = "coldstream";
  const cluster = { server: url, "certificate-authority-data": Buffer.from(caPem).toString("base64") };
  const document = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": name, preferences: {} },
    clusters: [{ name, cluster }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: "default" } }],
    users: [{ name, user: { token: adminToken } }],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Its owner alone may read it. */
export async function writeKubeconfig(
  path: string,
  server: Pick<ApiServer, "url" | "caPem" | "adminToken">,
): Promise<void> {
  await writeWhole(path, kubeconfigOf(server));
}
