import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { Cluster } from "../kube/cluster.ts";
import { type MachinePod, uidOf } from "./pod.ts";

const TokenRequest = z.looseObject({
  status: z.looseObject({ token: z.string(), expirationTimestamp: z.string() }),
});

export interface TokenPlace {
  /** On this machine. */
  readonly path: string;
  readonly audience?: string | undefined;
  readonly expirationSeconds: number;
}

/** Writes a token of the pod's ServiceAccount that is good while the pod exists. Milliseconds until it should be renewed. */
export async function writeToken(
  cluster: Cluster,
  pod: MachinePod,
  { path, audience, expirationSeconds, signal }: TokenPlace & { readonly signal: AbortSignal },
): Promise<number> {
  const { namespace = "", name = "" } = pod.metadata;
  const account = pod.spec.serviceAccountName || "default";
  const spec = {
    ...(audience === undefined ? {} : { audiences: [audience] }),
    expirationSeconds,
    boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid: uidOf(pod) },
  };
  const at = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}/token`;
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
  const { status } = TokenRequest.parse(await cluster.request({ method: "POST", path: at, body }, { signal }));
  await writeWhole(path, Buffer.from(status.token), 0o600);
  const lifetimeMs = Date.parse(status.expirationTimestamp) - Date.now();
  return Math.max(1000, lifetimeMs * 0.8);
}

/** A reader sees the old file or the new one. */
export async function writeWhole(path: string, content: Uint8Array, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, content, { mode: 0o600 });
  await chmod(`${path}.part`, mode);
  await rename(`${path}.part`, path);
}
