import { describe } from "../kit/failures.ts";
import type { Log } from "../kit/log.ts";
import type { Cluster, Waiting } from "../kube/cluster.ts";
import { openQueue, type Queue, type QueueCounts } from "../kube/queue.ts";
import { recorder } from "../kube/recorder.ts";
import { keyFrom, keyText } from "../kube/resource.ts";
import type { Registry } from "../metrics/registry.ts";
import { type FollowedCaches, openCaches } from "./caches.ts";
import type { ControlledKind, Controller, World } from "./controller.ts";
import { type Dispatch, openDispatch } from "./dispatch.ts";
import { pushLastKnown } from "./pushing.ts";
import type { OperatorSettings } from "./settings.ts";

export type ControllerMaker = readonly [kind: ControlledKind, make: (world: World) => Controller];

export interface LeadershipOptions extends Waiting {
  readonly settings: OperatorSettings;
  readonly log: Log;
  readonly clock: () => Date;
  readonly controllers: readonly ControllerMaker[];
  readonly metrics: Registry;
  /** The caches are complete and the work has begun. */
  readonly onBegin?: (running: Running) => void;
}

/** For /metrics. */
export interface Running {
  readonly world: World;
  readonly caches: FollowedCaches;
  queues(): Readonly<Partial<Record<ControlledKind, QueueCounts>>>;
}

/** How many objects of a kind are looked at at a time. */
const concurrency: Readonly<Record<ControlledKind, number>> = {
  BackupConfiguration: 8,
  BackupSession: 16,
  RestoreSession: 8,
  Repository: 4,
  BackupBatch: 1,
  RestoreBatch: 1,
  BackupBlueprint: 1,
};

/** All is looked at anew so often, in case something was missed; not all at once. */
const resyncMs = 600_000;
const resyncSpreadMs = 300_000;

/** What the leader does until its signal is aborted: follow, dispatch, reconcile. Ends when nothing of it runs any more. */
export async function reconcileAll(cluster: Cluster, options: LeadershipOptions): Promise<void> {
  const { signal, log, settings, clock, metrics } = options;
  let dispatch: Dispatch | undefined;
  const followed = openCaches(cluster, { signal, log, onChange: (name, change) => dispatch?.take(name, change) });
  const queues = new Map<ControlledKind, Queue>();
  const enqueue: World["enqueue"] = (kind, key, afterMs = 0) => {
    const queue = queues.get(kind);
    if (afterMs <= 0) queue?.add(keyText(key));
    else queue?.addAfter(keyText(key), afterMs);
  };
  const worldFor = (kind: ControlledKind): World => {
    const onFailure = (error: unknown) => log.warn({ kind, error }, "event not written");
    const events = recorder(cluster, { component: `${kind} Controller`, signal, clock, onFailure });
    return { cluster, settings, clock, caches: followed.caches, recorder: events, log, metrics, enqueue };
  };
  const controllers = options.controllers.map(([kind, make]) => make(worldFor(kind)));
  for (const controller of controllers) queues.set(controller.kind, queueFor(controller, options));
  dispatch = openDispatch(controllers, { caches: followed.caches, enqueue });
  try {
    await followed.ready;
    log.info({ objects: sizes(followed) }, "caches are complete");
    dispatch.begin({ spreadMs: 0 });
    const running: Running = {
      world: worldFor("BackupConfiguration"),
      caches: followed,
      queues: () => Object.fromEntries([...queues].map(([kind, queue]) => [kind, queue.counts()])),
    };
    options.onBegin?.(running);
    await Promise.all([
      resync(dispatch, signal),
      pushLastKnown(running.world, { signal }).catch(unlessAborted(signal)),
    ]);
  } finally {
    await Promise.all([followed.stopped, ...[...queues.values()].map(({ stopped }) => stopped)]);
  }
}

function queueFor(controller: Controller, { signal, log, metrics }: LeadershipOptions): Queue {
  const { kind } = controller;
  return openQueue({
    concurrency: concurrency[kind],
    signal,
    async work(text, waiting) {
      const begun = performance.now();
      try {
        return await controller.reconcile(keyFrom(text), waiting);
      } finally {
        metrics.observe("coldstream_reconcile_duration_seconds", { kind }, (performance.now() - begun) / 1000);
      }
    },
    onFailure: (object, error, { failures, afterMs }) =>
      log.warn({ kind, object, failures, afterMs: Math.round(afterMs), error: describe(error) }, "reconcile failed"),
  });
}

function unlessAborted(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}

/** Until the signal is aborted. */
async function resync(dispatch: Dispatch, signal: AbortSignal): Promise<void> {
  const timer = setInterval(() => dispatch.begin({ spreadMs: resyncSpreadMs }), resyncMs);
  await new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  clearInterval(timer);
}

function sizes(followed: FollowedCaches): Readonly<Record<string, number>> {
  const entries = Object.entries(followed.counts()).map(([name, { objects }]) => [name, objects] as const);
  return Object.fromEntries(entries.filter(([, objects]) => objects > 0));
}
