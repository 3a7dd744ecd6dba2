import { labels, managedBy } from "../api/labels.ts";
import type { Log } from "../kit/log.ts";
import type { Cluster, Waiting, Where } from "../kube/cluster.ts";
import * as core from "../kube/core.ts";
import { type Followed, type FollowOptions, follow } from "../kube/follow.ts";
import { type KubeObject, keyText, type Resource, resourceOf } from "../kube/resource.ts";
import type { Caches, ObjectChange } from "./controller.ts";
import { metadataOnly, trimJob, trimPod } from "./trim.ts";

export type CacheName = keyof Caches;

export interface CachesOptions extends Waiting {
  readonly log: Log;
  /** Called for every change, those of the first lists included. */
  readonly onChange: (name: CacheName, change: ObjectChange<KubeObject>) => void;
}

export interface FollowedCaches {
  readonly caches: Caches;
  /** After the first list of every kind. */
  readonly ready: Promise<void>;
  readonly stopped: Promise<void>;
  /** Objects and the state of their watches, for /metrics. */
  counts(): Readonly<
    Record<CacheName, { readonly objects: number; readonly lists: number; readonly restarts: number }>
  >;
}

/** What we or our Jobs made; of these kinds a cluster may hold far more than we could keep. */
const managed: Where = { labelSelector: `${labels.managedBy}=${managedBy}` };

export function openCaches(cluster: Cluster, { log, onChange, signal }: CachesOptions): FollowedCaches {
  function all<T extends KubeObject>(
    name: CacheName,
    resource: Resource<T>,
    { where = {}, trim }: { readonly where?: Where; readonly trim?: (object: T) => T } = {},
  ): Followed<T> {
    const options: FollowOptions<T> = {
      signal,
      onChange: (change) => onChange(name, change),
      onRefused: ({ key, reason }) => log.warn({ kind: resource.kind, object: keyText(key), reason }, "object refused"),
      onTrouble: (error) => log.warn({ kind: resource.kind, error }, "watch restarted"),
      ...(trim === undefined ? {} : { trim }),
    };
    return follow(cluster, resource, where, options);
  }
  const followed = {
    repositories: all("repositories", resourceOf("Repository")),
    backupConfigurations: all("backupConfigurations", resourceOf("BackupConfiguration")),
    backupSessions: all("backupSessions", resourceOf("BackupSession")),
    restoreSessions: all("restoreSessions", resourceOf("RestoreSession")),
    backupBatches: all("backupBatches", resourceOf("BackupBatch")),
    restoreBatches: all("restoreBatches", resourceOf("RestoreBatch")),
    backupBlueprints: all("backupBlueprints", resourceOf("BackupBlueprint")),
    appBindings: all("appBindings", resourceOf("AppBinding")),
    tasks: all("tasks", resourceOf("Task")),
    functions: all("functions", resourceOf("Function")),
    snapshots: all("snapshots", resourceOf("Snapshot")),
    cronJobs: all("cronJobs", core.cronJobs, { where: managed }),
    jobs: all("jobs", core.jobs, { where: managed, trim: trimJob }),
    pods: all("pods", core.pods, { where: managed, trim: trimPod }),
    configMaps: all("configMaps", core.configMaps, { where: managed }),
    roles: all("roles", core.roles, { where: managed, trim: metadataOnly }),
    namespaces: all("namespaces", core.namespaces, { trim: metadataOnly }),
  } satisfies Caches;
  const every = Object.entries(followed) as readonly [CacheName, Followed<KubeObject>][];
  return {
    caches: followed,
    ready: Promise.all(every.map(([, each]) => each.ready)).then(() => undefined),
    stopped: Promise.all(every.map(([, each]) => each.stopped)).then(() => undefined),
    counts() {
      const entries = every.map(([name, each]) => [name, { objects: each.size, ...each.counts() }]);
      return Object.fromEntries(entries) as ReturnType<FollowedCaches["counts"]>;
    },
  };
}
