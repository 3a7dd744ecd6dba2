import type { Log } from "../kit/log.ts";
import { writeWhole } from "../kit/whole-file.ts";
import type { Cluster, Waiting } from "../kube/cluster.ts";
import { pause } from "../kube/requests.ts";
import { sleepMs } from "../kube/sleep.ts";
import { requestToken } from "../kube/token-request.ts";
import { type MachinePod, uidOf } from "./pod.ts";

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
  await writeWhole(path, token);
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
