import { type Log, silentLog } from "../kit/log.ts";
import type { BackOff } from "../kube/backoff.ts";
import type { Cluster } from "../kube/cluster.ts";
import { configMaps, namespaces, serviceAccounts } from "../kube/core.ts";
import { recorder } from "../kube/recorder.ts";
import { openAccounts } from "./accounts.ts";
import { machineCronJobs } from "./cron-job/cron-job.ts";
import { openCronJobController } from "./cron-job/reconcile.ts";
import { jobPods, machineJobs, trimJobPod } from "./job/job.ts";
import { openJobController } from "./job/reconcile.ts";
import { releaseOrphans } from "./job/release.ts";
import { share } from "./shared.ts";

export interface ControllersOptions {
  /** PEM of the API server's authority, for pods (ConfigMap kube-root-ca.crt); none is published without it. */
  readonly authority?: string;
  /** Before a Job's next pod after one that failed. Kubernetes' 10 s to 10 min unless given. */
  readonly jobBackOff?: BackOff;
  readonly now?: () => Date;
  readonly log?: Log;
  /** Ends them all. */
  readonly signal: AbortSignal;
}

/** Disposing of them ends them; what they were doing is done to its end, or not, and found so by the next. */
export interface Controllers extends AsyncDisposable {
  /** After the signal was aborted and all has ended. Never rejects. */
  readonly stopped: Promise<void>;
}

const kubernetesBackOff: BackOff = { firstMs: 10_000, mostMs: 600_000 };

/** What a cluster's controller manager does, as far as a machine without one needs it. Ready when all there is has been read. */
export async function startControllers(cluster: Cluster, options: ControllersOptions): Promise<Controllers> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const opened = openControllers(cluster, { ...options, signal });
  const stopped = Promise.all(opened.stopped).then(() => undefined);
  try {
    await opened.ready;
  } catch (error) {
    stop.abort();
    await stopped;
    throw error;
  }
  return {
    stopped,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await stopped;
    },
  };
}

function openControllers(cluster: Cluster, options: ControllersOptions) {
  const { log = silentLog, now = () => new Date(), jobBackOff: backOff = kubernetesBackOff, signal } = options;
  const common = { log, now, signal };
  const told = (component: string) => ({
    recorder: recorder(cluster, {
      ...{ component, signal },
      onFailure(error, object, { reason }) {
        if (!signal.aborted) log.warn({ object: object.metadata.name, reason, error }, "telling of an object");
      },
    }),
  });
  const caches = openCaches(cluster, { log, signal });
  const queues = [
    openJobController(cluster, { ...common, ...caches, ...told("job-controller"), backOff }),
    releaseOrphans(cluster, { ...common, ...caches }),
    openCronJobController(cluster, { ...common, ...caches, ...told("cronjob-controller") }),
    openAccounts(cluster, { ...common, ...caches, authority: options.authority }),
  ];
  const followed = Object.values(caches);
  return {
    ready: Promise.all(followed.map(({ ready }) => ready)),
    stopped: [...followed, ...queues].map((each) => each.stopped),
  };
}

function openCaches(cluster: Cluster, options: { readonly log: Log; readonly signal: AbortSignal }) {
  return {
    jobs: share(cluster, machineJobs, options),
    pods: share(cluster, jobPods, { ...options, trim: trimJobPod }),
    cronJobs: share(cluster, machineCronJobs, options),
    namespaces: share(cluster, namespaces, options),
    serviceAccounts: share(cluster, serviceAccounts, options),
    configMaps: share(cluster, configMaps, options),
  };
}
