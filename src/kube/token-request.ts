import { z } from "zod";
import type { Cluster, Waiting } from "./cluster.ts";

const TokenRequest = z.looseObject({
  status: z.looseObject({ token: z.string(), expirationTimestamp: z.string() }),
});

/** A new token of a ServiceAccount, and when it ends. `spec`: of a TokenRequest. */
export async function requestToken(
  cluster: Cluster,
  { namespace, account }: { readonly namespace: string; readonly account: string },
  { spec, signal }: Waiting & { readonly spec: object },
): Promise<z.infer<typeof TokenRequest>["status"]> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}/token`;
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
  return TokenRequest.parse(await cluster.request({ method: "POST", path, body }, { signal })).status;
}
