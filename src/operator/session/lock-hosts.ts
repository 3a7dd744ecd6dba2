import type { HostState } from "../../api/session-report.ts";
import type { Pod } from "../../kube/core.ts";

/** Which owners of restic's locks are provably gone. A lock's host is the name of the pod that made it. Pure. */

export interface LockEvidence {
  /** Of all namespaces, with our label. */
  readonly pods: readonly Pod[];
  /**
   * Names of pods of ours that this cluster is known to have had. A name alone proves nothing: another cluster that was
   * given the same manifests and shares the repository has Jobs of the same names.
   */
  readonly past: ReadonlySet<string>;
}

export function hostState(host: string, { pods, past }: LockEvidence): HostState {
  const named = pods.filter(({ metadata }) => metadata.name === host);
  if (named.some((pod) => !isFinished(pod))) return "alive";
  return named.length > 0 || past.has(host) ? "gone" : "unknown";
}

function isFinished({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}
