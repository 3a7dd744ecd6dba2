import { isDeepStrictEqual } from "node:util";
import { answersKey } from "../../api/session-report.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { configMaps } from "../../kube/core.ts";
import type { KubeObject } from "../../kube/resource.ts";
import type { World } from "../controller.ts";
import { hostState } from "./lock-hosts.ts";
import { ownJob, podsOf } from "./offshoots.ts";
import { answersOf, podsIn, podsKey, reportOf } from "./report.ts";

/** How often is looked while a Job waits for a lock: its owner may have ended, which is no change of the session. */
const askedMs = 3000;

/**
 * Keeps the operator's half of a session's report while its Job runs: the names of the pods it has had, by which a later
 * session knows that the owner of a lock was one of ours, and the answers to its own Job's question about locks.
 */
export async function keepReport(
  world: World,
  { session, jobName }: { readonly session: KubeObject; readonly jobName: string },
  { signal }: Waiting,
): Promise<{ readonly recheckMs?: number }> {
  const { namespace } = session.metadata;
  const key = { namespace, name: jobName };
  const map = world.caches.configMaps.get(key);
  if (map === undefined) return {};
  const seen = podsOf(world, key, ownJob(world, session, jobName)).map(({ metadata }) => metadata.name ?? "");
  const pods = [...new Set([...podsIn(map), ...seen])];
  const asked = reportOf(map).lockHosts ?? [];
  const hosts = answersTo(world, asked);
  const merge = {
    ...(pods.length > podsIn(map).length ? { [podsKey]: JSON.stringify(pods) } : {}),
    ...(asked.length === 0 || isDeepStrictEqual(answersOf(map).hosts, hosts)
      ? {}
      : { [answersKey]: JSON.stringify({ hosts }) }),
  };
  if (Object.keys(merge).length > 0) await world.cluster.patch(configMaps, key, { signal, merge: { data: merge } });
  return asked.length === 0 ? {} : { recheckMs: askedMs };
}

function answersTo({ caches }: World, asked: readonly string[]) {
  if (asked.length === 0) return {};
  const evidence = { pods: caches.pods.list(), past: new Set(caches.configMaps.list().flatMap(podsIn)) };
  return Object.fromEntries(asked.map((host) => [host, hostState(host, evidence)]));
}
