import { redact } from "../../kit/redact.ts";
import type { Job, Pod } from "../../kube/core.ts";
import type { World } from "../controller.ts";
import { podState, type Trouble } from "../session/pod-state.ts";

/** Why the newest pod of a Job did not do its work, with the last lines of its log; undefined while all is well. */
export async function jobTrouble(world: World, job: Job, signal: AbortSignal): Promise<string | undefined> {
  const pod = newestPod(world, job);
  if (pod === undefined) return withoutPod(job, world.clock());
  const state = podState(pod, world.clock());
  if (state.state !== "failed") return undefined;
  const lines = await lastLines(world, pod, state.trouble, signal);
  return lines === "" ? state.trouble.message : `${state.trouble.message}: ${lines}`;
}

/** So long a Job may need to get its pod, also on a busy cluster. */
const patienceMs = 60_000;

function withoutPod({ metadata, spec, status }: Job, now: Date): string | undefined {
  const begun = Date.parse(status?.startTime ?? metadata.creationTimestamp ?? "");
  const isLate = now.getTime() - begun > patienceMs && spec.suspend !== true && (status?.failed ?? 0) === 0;
  return isLate ? `it got no pod: kubectl describe job ${metadata.name} shows why` : undefined;
}

function newestPod({ caches }: World, { metadata }: Job): Pod | undefined {
  const time = (pod: Pod) => Date.parse(pod.metadata.creationTimestamp ?? "") || 0;
  return [...caches.pods.ownedBy(metadata.uid ?? "")].sort((one, other) => time(other) - time(one))[0];
}

/** Events are short: a sentence or two is enough, and `kubectl logs` shows the rest. */
const mostCharacters = 600;

async function lastLines({ cluster }: World, pod: Pod, trouble: Trouble, signal: AbortSignal): Promise<string> {
  const { namespace, name = "" } = pod.metadata;
  const container = trouble.container?.name;
  if (container === undefined) return "";
  try {
    const log = await cluster.log({ namespace, name }, { container, tailLines: 4, signal });
    return redact(log ?? "")
      .trim()
      .replaceAll(/\s*\n\s*/g, "; ")
      .slice(-mostCharacters);
  } catch {
    // the node does not answer, or the pod is gone: the trouble itself is known
    return "";
  }
}
