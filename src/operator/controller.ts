import type { AppBinding } from "../api/app-binding.ts";
import type { BackupBatch } from "../api/backup-batch.ts";
import type { BackupBlueprint } from "../api/backup-blueprint.ts";
import type { BackupConfiguration } from "../api/backup-configuration.ts";
import type { BackupSession } from "../api/backup-session.ts";
import type { StashFunction } from "../api/function.ts";
import type { Repository } from "../api/repository.ts";
import type { RestoreBatch } from "../api/restore-batch.ts";
import type { RestoreSession } from "../api/restore-session.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { Task } from "../api/task.ts";
import type { Log } from "../kit/log.ts";
import type { Cluster, Waiting } from "../kube/cluster.ts";
import type { ConfigMap, CronJob, Job, Namespace, Pod, Role } from "../kube/core.ts";
import type { Recorder } from "../kube/recorder.ts";
import type { Key, KubeObject } from "../kube/resource.ts";
import type { Store } from "../kube/store.ts";
import type { Registry } from "../metrics/registry.ts";
import type { OperatorSettings } from "./settings.ts";

/** The kinds that have a queue of their own. */
export type ControlledKind =
  | "Repository"
  | "BackupConfiguration"
  | "BackupSession"
  | "RestoreSession"
  | "BackupBatch"
  | "RestoreBatch"
  | "BackupBlueprint";

/** Keeps the objects of one kind as they should be. It may be called at any time, twice for nothing, and after a crash. */
export interface Controller {
  readonly kind: ControlledKind;
  /** Which of this kind's objects to look at when another changed. Changes of the kind itself need no line here. */
  readonly watches: Watches;
  /** Whether a change of this kind itself is worth a look; absent: every change is. */
  readonly concerns?: (change: ObjectChange<KubeObject>) => boolean;
  /** Changes of other kinds are collected for so long before a look, so that many at once cost one. Default 0. */
  readonly settleMs?: number;
  /** One pass over one object, which may be gone. What it throws is logged and tried again with back-off. */
  reconcile(key: Key, waiting: Waiting): Promise<Outcome>;
}

/** When to look again without a change; undefined: when something changes. */
export type Outcome = { readonly requeueAfterMs?: number } | undefined;

export type Watches = {
  readonly [Name in keyof Caches]?: (
    change: ObjectChange<Caches[Name] extends Cache<infer T> ? T : never>,
    caches: Caches,
  ) => readonly Key[];
};

/** Never both absent. */
export interface ObjectChange<T> {
  readonly key: Key;
  readonly before?: T | undefined;
  readonly after?: T | undefined;
}

/** What is known of one kind without asking the server: a moment old, complete before the first reconcile. */
export type Cache<T extends KubeObject> = Pick<Store<T>, "get" | "list" | "ownedBy">;

/**
 * Secrets are in none of them (the operator may get, not list). Of Kubernetes' own kinds only what carries our
 * managed-by label is here, without managedFields; Jobs and pods without what no one of us reads.
 */
export interface Caches {
  readonly repositories: Cache<Repository>;
  readonly backupConfigurations: Cache<BackupConfiguration>;
  readonly backupSessions: Cache<BackupSession>;
  readonly restoreSessions: Cache<RestoreSession>;
  readonly backupBatches: Cache<BackupBatch>;
  readonly restoreBatches: Cache<RestoreBatch>;
  readonly backupBlueprints: Cache<BackupBlueprint>;
  readonly appBindings: Cache<AppBinding>;
  readonly tasks: Cache<Task>;
  readonly functions: Cache<StashFunction>;
  readonly snapshots: Cache<Snapshot>;
  readonly cronJobs: Cache<CronJob>;
  readonly jobs: Cache<Job>;
  readonly pods: Cache<Pod>;
  /** The sessions' reports. */
  readonly configMaps: Cache<ConfigMap>;
  /** Their metadata alone. */
  readonly roles: Cache<Role>;
  /** All of them: their labels, and whether they are going. */
  readonly namespaces: Cache<Namespace>;
}

/** What every controller is given: caches and effects. Reads of objects that must be fresh go through `cluster`. */
export interface World {
  readonly cluster: Cluster;
  readonly settings: OperatorSettings;
  readonly clock: () => Date;
  readonly caches: Caches;
  readonly recorder: Recorder;
  readonly log: Log;
  /** The operator's own figures, for its /metrics. */
  readonly metrics: Registry;
  readonly enqueue: (kind: ControlledKind, key: Key, afterMs?: number) => void;
}
