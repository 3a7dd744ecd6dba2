import type { Log } from "../kit/log.ts";
import type { Cluster } from "../kube/cluster.ts";
import { type Change, type Followed, follow } from "../kube/follow.ts";
import { type KubeObject, keyText, type Resource } from "../kube/resource.ts";

/** All objects of a kind, a moment old, followed once for several controllers. */
export interface Shared<T extends KubeObject> extends Followed<T> {
  readonly resource: Pick<Resource<T>, "group" | "plural">;
  /** To be called before `ready`: then no change is missed. */
  listen(listener: (change: Change<T>) => void): void;
}

export interface SharedOptions<T> {
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly trim?: (object: T) => T;
}

export function share<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  { log, signal, trim }: SharedOptions<T>,
): Shared<T> {
  const listeners: ((change: Change<T>) => void)[] = [];
  const kind = resource.kind;
  const followed = follow(
    cluster,
    resource,
    {},
    {
      signal,
      onChange(change) {
        for (const listener of listeners) listener(change);
      },
      onRefused: ({ key, reason }) => log.warn({ kind, object: keyText(key), reason }, "object refused"),
      onTrouble: (error) => log.warn({ kind, error }, "watch restarted"),
      ...(trim === undefined ? {} : { trim }),
    },
  );
  return {
    resource,
    get: followed.get,
    list: followed.list,
    ownedBy: followed.ownedBy,
    get size() {
      return followed.size;
    },
    ...{ ready: followed.ready, stopped: followed.stopped, counts: followed.counts },
    listen: (listener) => void listeners.push(listener),
  };
}
