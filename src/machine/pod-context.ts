import type { Log } from "../kit/log.ts";
import type { BackOff } from "../kube/backoff.ts";
import type { Cluster } from "../kube/cluster.ts";
import type { Recorder } from "../kube/recorder.ts";
import type { Claims } from "./claims.ts";
import type { Place } from "./downward.ts";
import type { Runnable } from "./entry.ts";
import type { Variables } from "./environment.ts";
import type { MemoryWatch } from "./memory.ts";

/** What the pods of a node share. */
export interface PodContext {
  readonly cluster: Cluster;
  readonly place: Place;
  readonly runnable: Runnable;
  readonly podHostNames: boolean;
  /** Holds a folder for each pod. */
  readonly folder: string;
  /** Every container's own, before what the pod says. */
  readonly environment: Variables;
  /** What names of the cluster mean for a pod of this namespace. */
  readonly hosts: (namespace: string) => Readonly<Record<string, string>>;
  readonly claims: Claims;
  readonly recorder: Recorder;
  readonly memory: MemoryWatch;
  readonly restartBackOff: BackOff;
  readonly log: Log;
  /** Aborted when even the last words have been written. */
  readonly signal: AbortSignal;
}

/** Kubelets wait like this before they start a container again, or look for an image again. */
export const kubeletBackOff: BackOff = { firstMs: 10_000, mostMs: 300_000 };

/** A Secret that is missing is often made a moment later. */
export const lackingBackOff: BackOff = { firstMs: 500, mostMs: 10_000 };

/** How a pod is told to end: first asked, then made to. */
export interface Ending {
  /** Containers are asked to end, and nothing is started any more. */
  readonly asked: AbortSignal;
  /** The grace is over. */
  readonly forced: AbortSignal;
}
