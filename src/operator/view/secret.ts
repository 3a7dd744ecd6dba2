import { describe } from "../../kit/failures.ts";
import type { Cluster, Waiting } from "../../kube/cluster.ts";
import { secrets } from "../../kube/core.ts";
import { type Key, keyText } from "../../kube/resource.ts";

/** What may be known of a Secret here: the names of its keys that have a value, never a value. */
export type SecretView =
  | { readonly state: "found"; readonly keys: readonly string[] }
  | { readonly state: "missing" }
  | { readonly state: "unknown"; readonly why: string };

export interface SecretReader {
  read(key: Key, waiting: Waiting): Promise<SecretView>;
}

/** Many invokers share a Secret and are looked at together: within this time they share one request. */
const sharedMs = 2000;

export function openSecretReader(cluster: Cluster, clock: () => Date): SecretReader {
  const answers = new Map<string, { readonly at: number; readonly view: Promise<SecretView> }>();
  return {
    async read(key, waiting) {
      const now = clock().getTime();
      for (const [name, { at }] of answers) if (now - at >= sharedMs) answers.delete(name);
      const known = answers.get(keyText(key));
      if (known !== undefined) return await known.view;
      const view = read(cluster, key, waiting);
      answers.set(keyText(key), { at: now, view });
      return await view;
    },
  };
}

async function read(cluster: Cluster, key: Key, waiting: Waiting): Promise<SecretView> {
  try {
    const secret = await cluster.get(secrets, key, waiting);
    if (secret === undefined) return { state: "missing" };
    const filled = Object.entries(secret.data ?? {}).filter(([, value]) => value !== "");
    return { state: "found", keys: filled.map(([name]) => name) };
  } catch (error) {
    if (waiting.signal.aborted) throw error;
    return { state: "unknown", why: describe(error) };
  }
}
