import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../kit/log.ts";
import { type JsonObject, textAt } from "./json.ts";
import { type Objects, placeOf } from "./objects.ts";
import { remove } from "./objects-delete.ts";
import { servedAt } from "./served.ts";

/** Events go an hour after they were told last, as a kube-apiserver lets them go: else they would fill the disk. */
const keptMs = 3_600_000;
const everyMs = 60_000;
/** Removed at once: they share a transaction, and others get their turn in between. */
const batch = 200;

const gone = { dryRun: false, propagation: undefined, graceSeconds: undefined, uid: "", resourceVersion: "" };

/** Until the signal is aborted; never rejects. */
export async function keepExpiring(
  objects: Objects,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await removeOldEvents(objects);
    } catch (error) {
      log.warn({ error }, "old events not removed");
    }
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** How many went. */
export async function removeOldEvents(objects: Objects): Promise<number> {
  const resource = servedAt("", "v1", "events");
  if (resource === undefined) return 0;
  const before = objects.clock().getTime() - keptMs;
  const { resource: kept } = placeOf({ resource, namespace: "", name: "" });
  const old = objects.store.list(kept).filter((entry) => lastTold(entry.parse()) < before);
  for (let from = 0; from < old.length; from += batch) {
    const some = old.slice(from, from + batch);
    await Promise.allSettled(some.map(({ namespace, name }) => remove(objects, { resource, namespace, name }, gone)));
  }
  return old.length;
}

/** Milliseconds; of an event without any time it is when it was made. */
function lastTold(event: JsonObject): number {
  const texts = [
    textAt(event, "lastTimestamp"),
    textAt(event, "eventTime"),
    textAt(event, "metadata", "creationTimestamp"),
  ];
  return Math.max(...texts.map((text) => Date.parse(text)).filter((time) => !Number.isNaN(time)));
}
