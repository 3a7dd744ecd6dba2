import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { Log } from "../kit/log.ts";
import type { Cluster, Waiting } from "../kube/cluster.ts";
import { pause } from "../kube/requests.ts";
import { sleepMs } from "../kube/sleep.ts";
import { type MachinePod, uidOf } from "./pod.ts";

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

export interface TokenPlace {
  /** On this machine. */
  readonly path: string;
  readonly audience?: string | undefined;
  readonly expirationSeconds: number;
  /** Milliseconds since 1970. */
  readonly renewAt: number;
}

/** Writes a token of the pod's ServiceAccount that is good while the pod exists; when it should be renewed. */
export async function writeToken(
  cluster: Cluster,
  pod: MachinePod,
  { path, audience, expirationSeconds, signal }: Omit<TokenPlace, "renewAt"> & Waiting,
): Promise<number> {
  const { namespace = "", name = "" } = pod.metadata;
  const account = pod.spec.serviceAccountName || "default";
  const spec = {
    ...(audience === undefined ? {} : { audiences: [audience] }),
    expirationSeconds,
    boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid: uidOf(pod) },
  };
  const { token, expirationTimestamp } = await requestToken(cluster, { namespace, account }, { spec, signal });
  await writeWhole(path, Buffer.from(token), 0o600);
  const lifetimeMs = Date.parse(expirationTimestamp) - Date.now();
  return Date.now() + Math.max(1000, lifetimeMs * 0.8);
}

/** Renews a token before it runs out, until the signal. */
export async function keepToken(
  cluster: Cluster,
  pod: MachinePod,
  { log, ...place }: TokenPlace & Waiting & { readonly log: Log },
): Promise<void> {
  const { signal } = place;
  for (let renewAt = place.renewAt; ; ) {
    await pause(sleepMs(renewAt - Date.now()), signal).catch(() => undefined);
    if (signal.aborted) return;
    if (renewAt > Date.now()) continue;
    try {
      renewAt = await writeToken(cluster, pod, place);
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ pod: pod.metadata.name, namespace: pod.metadata.namespace, error }, "renewing a token");
      renewAt = Date.now() + againMs;
    }
  }
}

const againMs = 10_000;

/** A reader sees the old file or the new one. */
export async function writeWhole(path: string, content: Uint8Array, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, content, { mode: 0o600 });
  await chmod(`${path}.part`, mode);
  await rename(`${path}.part`, path);
}
