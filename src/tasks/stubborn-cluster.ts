import type { Cluster, Waiting } from "../kube/cluster.ts";
import { KubeFailure } from "../kube/failure.ts";
import { pause } from "../kube/requests.ts";
import { onceSettled } from "../kube/settling.ts";

export interface Stubbornness {
  /** How long an API server may be away. */
  readonly awayMs?: number;
  readonly pauseMs?: number;
}

/**
 * The API server as programs of Jobs see it. They run once, and what they did must not be lost because the server was
 * restarted meanwhile: calls are repeated while it is away or too young to know its Roles. So whatever they write they may
 * write twice: status with a version, merge patches, objects whose names follow from a slot.
 */
export function stubborn(cluster: Cluster, { awayMs = 120_000, pauseMs = 1000 }: Stubbornness = {}): Cluster {
  async function insist<T>({ signal }: Waiting, call: () => Promise<T>): Promise<T> {
    const endMs = performance.now() + awayMs;
    for (;;) {
      try {
        return await onceSettled(call, { signal });
      } catch (error) {
        if (!isAway(error) || performance.now() + pauseMs > endMs) throw error;
      }
      await pause(pauseMs, signal);
    }
  }
  return {
    ...cluster,
    get: (resource, key, waiting) => insist(waiting, () => cluster.get(resource, key, waiting)),
    list: (resource, where, waiting) => insist(waiting, () => cluster.list(resource, where, waiting)),
    create: (resource, draft, waiting) => insist(waiting, () => cluster.create(resource, draft, waiting)),
    replaceStatus: (resource, object, waiting) =>
      insist(waiting, () => cluster.replaceStatus(resource, object, waiting)),
    patch: (resource, key, options) => insist(options, () => cluster.patch(resource, key, options)),
  };
}

function isAway(error: unknown): boolean {
  if (!(error instanceof KubeFailure)) return false;
  return error.reason === "Unreachable" || error.status === 429 || error.status >= 500;
}
