import { type Key, type KubeObject, keyOf } from "../kube/resource.ts";
import type { CacheName } from "./caches.ts";
import type { Cache, Caches, ControlledKind, Controller, ObjectChange } from "./controller.ts";

/** The cache of each kind that has a queue. */
export const cacheOf = {
  Repository: "repositories",
  BackupConfiguration: "backupConfigurations",
  BackupSession: "backupSessions",
  RestoreSession: "restoreSessions",
  BackupBatch: "backupBatches",
  RestoreBatch: "restoreBatches",
  BackupBlueprint: "backupBlueprints",
} as const satisfies Record<ControlledKind, CacheName>;

export type Enqueue = (kind: ControlledKind, key: Key, afterMs?: number) => void;

/** Who is to look at what when something changes. */
export interface Dispatch {
  take(name: CacheName, change: ObjectChange<KubeObject>): void;
  /** All there is, each up to `spreadMs` later. Until this was called nothing is enqueued: caches come first. */
  begin(options: { readonly spreadMs: number }): void;
}

type Watch = (change: ObjectChange<KubeObject>, caches: Caches) => readonly Key[];

export function openDispatch(
  controllers: readonly Controller[],
  { caches, enqueue }: { readonly caches: Caches; readonly enqueue: Enqueue },
): Dispatch {
  let hasBegun = false;
  return {
    take(name, change) {
      if (!hasBegun) return;
      for (const { kind, concerns, watches, settleMs = 0 } of controllers) {
        if (cacheOf[kind] === name && concerns?.(change) !== false) enqueue(kind, change.key);
        // The change is of the kind that its cache holds; a table by name cannot say so.
        const watch = watches[name] as Watch | undefined;
        for (const key of watch?.(change, caches) ?? []) enqueue(kind, key, settleMs);
      }
    },
    begin({ spreadMs }) {
      hasBegun = true;
      for (const { kind } of controllers) {
        const cache: Cache<KubeObject> = caches[cacheOf[kind]];
        const objects = cache.list();
        for (const [at, object] of objects.entries()) enqueue(kind, keyOf(object), (spreadMs * at) / objects.length);
      }
    },
  };
}
