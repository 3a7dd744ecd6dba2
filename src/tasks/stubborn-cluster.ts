import type { Cluster, Waiting } from "../kube/cluster.ts";
import { KubeFailure } from "../kube/failure.ts";
import { pause } from "../kube/requests.ts";
import { onceSettled } from "../kube/settling.ts";

export interface Stubbornness {
  /** How long an API server may be away. */
  readonly awayMs?: number;
  /** How long its refusals are not believed while it has allowed nothing yet. */
  readonly refusedMs?: number;
  /** Likewise once it has allowed something. */
  readonly settlingMs?: number;
  readonly pauseMs?: number;
}

/**
 * A Job is made beside its rights (ADR 0104). Where the operator died between the two, the next one makes them: it waits for
 * the dead one's lease, 15 s and two tries, and may have to be started first. All of them come with one RoleBinding, so what
 * is refused after something was allowed is refused for good, unless the server has just started.
 */
export const usualRefusedMs = 60_000;

/**
 * The API server as programs of Jobs see it. They run once, and what they did must not be lost because the server was
 * restarted meanwhile: calls are repeated while it is away or too young to know its Roles. So whatever they write they may
 * write twice: status with a version, merge patches, objects whose names follow from a slot.
 */
export function stubborn(cluster: Cluster, options: Stubbornness = {}): Cluster {
  const { awayMs = 120_000, refusedMs = usualRefusedMs, settlingMs = 10_000, pauseMs = 1000 } = options;
  let isAllowed = false;
  async function insist<T>({ signal }: Waiting, call: () => Promise<T>): Promise<T> {
    const endMs = performance.now() + awayMs;
    for (;;) {
      try {
        const patienceMs = isAllowed ? settlingMs : refusedMs;
        const answer = await onceSettled(call, { signal, patienceMs, pauseMs: Math.min(pauseMs, 500) });
        isAllowed = true;
        return answer;
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
