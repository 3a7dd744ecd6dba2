import type { Log } from "../kit/log.ts";
import { type BackOff, backOffMs } from "../kube/backoff.ts";
import type { Cluster } from "../kube/cluster.ts";
import { pause } from "../kube/requests.ts";
import type { Key } from "../kube/resource.ts";
import { updateStatus } from "../kube/update.ts";
import { type MachinePod, machinePods } from "./pod.ts";
import { type PodView, statusOf } from "./status.ts";

export interface StatusWriter {
  /** Says that there is news. */
  publish(): void;
  /** After all news so far have been written (or the pod is gone, or the signal was aborted). */
  flush(): Promise<void>;
}

export interface StatusWriterOptions {
  readonly key: Key;
  readonly uid: string;
  readonly view: () => PodView;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const againAfter: BackOff = { firstMs: 500, mostMs: 30_000 };

/** Writes a pod's status, one write at a time, until it has been taken. */
export function openStatusWriter(cluster: Cluster, options: StatusWriterOptions): StatusWriter {
  const { log, signal, key } = options;
  let isStale = false;
  let writing: Promise<void> | undefined;
  let written = "";

  function change(pod: MachinePod): MachinePod["status"] | undefined {
    if (pod.metadata.uid !== options.uid) return undefined;
    const status = statusOf(options.view(), pod.status?.conditions ?? [], new Date());
    const text = JSON.stringify(status);
    if (text === written) return undefined;
    written = text;
    // what a kubelet clears when it no longer holds
    const { reason: _, message: __, ...rest } = pod.status ?? {};
    return { ...rest, ...status, conditions: status.conditions.map((one) => ({ ...one })) };
  }
  async function write(): Promise<void> {
    for (let failures = 0; isStale && !signal.aborted; ) {
      isStale = false;
      try {
        await updateStatus(cluster, machinePods, key, change, { signal });
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
    publish,
    async flush() {
      while (writing !== undefined) await writing;
    },
  };
}
