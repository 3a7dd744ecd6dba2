import type { Log } from "../kit/log.ts";
import { type BackOff, backOffMs } from "../kube/backoff.ts";
import type { Cluster } from "../kube/cluster.ts";
import { pause } from "../kube/requests.ts";
import { keyOf } from "../kube/resource.ts";
import { updateStatus } from "../kube/update.ts";
import { type MachinePod, machinePods } from "./pod.ts";
import { type PodView, statusOf } from "./status.ts";

export interface StatusWriter {
  /** Says that there is news. What comes within a moment is written together. */
  publish(): void;
  /** The pod as the API server has it, for the next write. */
  see(pod: MachinePod): void;
  /** After all news so far have been written (or the pod is gone, or the signal was aborted). From now on nothing waits. */
  flush(): Promise<void>;
}

export interface StatusWriterOptions {
  /** As it was found. */
  readonly pod: MachinePod;
  readonly view: () => PodView;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Many a container runs for less: then its start and its end are one write. */
const calmMs = 200;
const againAfter: BackOff = { firstMs: 500, mostMs: 30_000 };

/** Writes a pod's status, one write at a time, until it has been taken. */
export function openStatusWriter(cluster: Cluster, options: StatusWriterOptions): StatusWriter {
  const { log, signal } = options;
  const { uid } = options.pod.metadata;
  const key = keyOf(options.pod);
  const hurry = new AbortController();
  let known = options.pod;
  let isStale = false;
  let writing: Promise<void> | undefined;
  let written = "";
  let tried = "";

  /** Of two that are ours the newer; a wrong guess costs a conflict, and then a look. */
  function see(pod: MachinePod): void {
    const versionOf = ({ metadata }: MachinePod) => Number(metadata.resourceVersion);
    if (pod.metadata.uid === uid && versionOf(pod) >= versionOf(known)) known = pod;
  }
  function change(pod: MachinePod): MachinePod["status"] | undefined {
    if (pod.metadata.uid !== uid) return undefined;
    const status = statusOf(options.view(), pod.status?.conditions ?? [], new Date());
    const text = JSON.stringify(status);
    tried = text;
    if (text === written) return undefined;
    // what a kubelet clears when it no longer holds
    const { reason: _, message: __, ...rest } = pod.status ?? {};
    return { ...rest, ...status, conditions: status.conditions.map((one) => ({ ...one })) };
  }
  async function writeOnce(): Promise<void> {
    if (!hurry.signal.aborted) await pause(calmMs, hurry.signal).catch(() => undefined);
    isStale = false;
    const updated = await updateStatus(cluster, machinePods, key, change, { signal, from: known });
    if (updated !== undefined) see(updated);
    written = tried;
  }
  async function write(): Promise<void> {
    for (let failures = 0; isStale && !signal.aborted; ) {
      try {
        await writeOnce();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ pod: key.name, namespace: key.namespace, error }, "writing a pod's status");
        isStale = true;
        written = "";
        await pause(backOffMs(++failures, 1, againAfter), signal).catch(() => undefined);
      }
    }
  }
  function publish(): void {
    isStale = true;
    writing ??= write().finally(() => {
      writing = undefined;
      if (isStale && !signal.aborted) publish();
    });
  }
  return {
    ...{ publish, see },
    async flush() {
      hurry.abort();
      while (writing !== undefined) await writing;
    },
  };
}
