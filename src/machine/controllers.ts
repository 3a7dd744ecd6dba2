import { type Log, silentLog } from "../kit/log.ts";
import type { BackOff } from "../kube/backoff.ts";
import type { Cluster } from "../kube/cluster.ts";
import {
  type ConfigMap,
  configMaps,
  namespaces,
  nodes,
  persistentVolumeClaims,
  serviceAccounts,
} from "../kube/core.ts";
import { recorder } from "../kube/recorder.ts";
import type { KubeObject, Resource } from "../kube/resource.ts";
import { authorityMap, openAccounts } from "./accounts.ts";
import { openProtection, persistentVolumes } from "./claims-protection.ts";
import { machineCronJobs } from "./cron-job/cron-job.ts";
import { openCronJobController } from "./cron-job/reconcile.ts";
import { type Collected, openCollector } from "./garbage/collect.ts";
import { itemsOf, trimItem } from "./garbage/item.ts";
import { jobPods, machineJobs, trimJobPod } from "./job/job.ts";
import { openJobController } from "./job/reconcile.ts";
import { releaseOrphans } from "./job/release.ts";
import { allKinds } from "./kinds.ts";
import { openLostPods } from "./lost-pods.ts";
import { openNamespaces } from "./namespaces.ts";
import { share } from "./shared.ts";

export interface ControllersOptions {
  /** PEM of the API server's authority, for pods (ConfigMap kube-root-ca.crt); none is published without it. */
  readonly authority?: string;
  /** What the server serves, as far as garbage is collected of it and namespaces are emptied; `allKinds` unless given. */
  readonly kinds?: readonly Resource<KubeObject>[];
  /** Before a Job's next pod after one that failed. Kubernetes' 10 s to 10 min unless given. */
  readonly jobBackOff?: BackOff;
  readonly now?: () => Date;
  readonly log?: Log;
  /** Ends them all. */
  readonly signal: AbortSignal;
}

/** Disposing of them ends them; what they were doing is done to its end, or not, and found so by the next. */
export interface Controllers extends AsyncDisposable {
  /** From then on CronJobs make no Jobs; all else goes on. What was missed the next start makes up for. */
  endSchedules(): Promise<void>;
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
    endSchedules: opened.endSchedules,
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
  const { kinds = allKinds } = options;
  const collected = kinds.map((kind) => collectedOf(cluster, kind, { ...common, caches }));
  const schedules = new AbortController();
  const scheduled = {
    ...common,
    ...caches,
    ...told("cronjob-controller"),
    signal: AbortSignal.any([signal, schedules.signal]),
  };
  const cronJobs = openCronJobController(cluster, scheduled);
  const queues = [
    cronJobs,
    openJobController(cluster, { ...common, ...caches, ...told("job-controller"), backOff }),
    releaseOrphans(cluster, { ...common, ...caches }),
    openLostPods(cluster, { ...common, ...caches }),
    openAccounts(cluster, { ...common, ...caches, authority: options.authority }),
    openNamespaces(cluster, { ...common, ...caches, kinds }),
    openProtection(cluster, { ...common, ...caches }),
    openCollector(cluster, { ...common, kinds: collected }),
  ];
  const followed = [...Object.values(caches), ...collected.map(({ all }) => all)];
  return {
    ready: Promise.all(followed.map(({ ready }) => ready)),
    stopped: [...followed, ...queues].map((each) => each.stopped),
    async endSchedules() {
      schedules.abort();
      await cronJobs.stopped;
    },
  };
}

type Caches = ReturnType<typeof openCaches>;

interface Opening {
  readonly caches: Caches;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Followed once, also where another controller wants more of it. */
function collectedOf(cluster: Cluster, resource: Resource<KubeObject>, { caches, log, signal }: Opening): Collected {
  const { group, plural } = resource;
  const known = Object.values(caches).find(({ resource: one }) => one.group === group && one.plural === plural);
  const all = known ?? share(cluster, itemsOf(resource), { log, signal, trim: trimItem });
  return { resource, all };
}

function openCaches(cluster: Cluster, options: { readonly log: Log; readonly signal: AbortSignal }) {
  return {
    jobs: share(cluster, machineJobs, options),
    pods: share(cluster, jobPods, { ...options, trim: trimJobPod }),
    cronJobs: share(cluster, machineCronJobs, options),
    namespaces: share(cluster, namespaces, options),
    nodes: share(cluster, nodes, { ...options, trim: trimItem }),
    serviceAccounts: share(cluster, serviceAccounts, options),
    configMaps: share(cluster, configMaps, { ...options, trim: trimConfigMap }),
    claims: share(cluster, persistentVolumeClaims, options),
    volumes: share(cluster, persistentVolumes, options),
  };
}

/** What is in them concerns nobody here, but for one. */
function trimConfigMap(map: ConfigMap): ConfigMap {
  const { apiVersion, kind, metadata } = map;
  return metadata.name === authorityMap ? map : { apiVersion, kind, metadata };
}
