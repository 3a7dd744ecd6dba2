import type { Cluster, RefusedObject, Waiting, WatchEvent, Where } from "./cluster.ts";
import { pause } from "./requests.ts";
import { type Key, type KubeObject, keyOf, keyText, type Resource } from "./resource.ts";
import { type End, resume, type Streak } from "./resumption.ts";
import { openStore, type Store, type WritableStore } from "./store.ts";
import { interrupted } from "./transport.ts";

/** Never both absent. An object that was removed and made anew is two changes. */
export interface Change<T> {
  readonly key: Key;
  readonly before?: T;
  readonly after?: T;
}

export interface FollowOptions<T> extends Waiting {
  /** Called for every change, in order, the first list included. What it throws is told to `onTrouble`. */
  readonly onChange?: (change: Change<T>) => void;
  /** An object that its schema refuses, once for each reason. If an older version was good, that one is kept. */
  readonly onRefused?: (refused: RefusedObject) => void;
  /** Why a list or a watch failed. It goes on by itself. */
  readonly onTrouble?: (error: unknown) => void;
  /** What of an object is kept: for kinds that are large and looked at in part. Its metadata must stay. */
  readonly trim?: (object: T) => T;
}

export interface FollowCounts {
  readonly lists: number;
  readonly watches: number;
  /** Watches that ended otherwise than by the server's time limit. */
  readonly restarts: number;
  readonly events: number;
}

/** All objects of a kind, a moment old, until the signal is aborted. */
export interface Followed<T extends KubeObject> extends Store<T> {
  /** After the first list, whose changes have been told. Rejects when the signal was aborted before. */
  readonly ready: Promise<void>;
  /** When nothing more happens, after the signal was aborted. Never rejects. */
  readonly stopped: Promise<void>;
  counts(): FollowCounts;
}

export function follow<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  where: Where,
  options: FollowOptions<T>,
): Followed<T> {
  const store = openStore<T>();
  const complain = quietly(options.onTrouble);
  const mirror = openMirror(store, options, complain);
  const counts = { lists: 0, watches: 0, restarts: 0, events: 0 };
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => undefined);

  async function list(): Promise<string> {
    counts.lists++;
    const { items, refused, resourceVersion } = await cluster.list(resource, where, options);
    mirror.replace(items, refused);
    ready.resolve();
    return resourceVersion;
  }
  const stopped = keepOn({ cluster, resource, where, options, mirror, complain, counts, list }).then(() =>
    ready.reject(interrupted(options.signal)),
  );
  return {
    get: store.get,
    list: store.list,
    ownedBy: store.ownedBy,
    get size() {
      return store.size;
    },
    ready: ready.promise,
    stopped,
    counts: () => ({ ...counts }),
  };
}

interface Following<T extends KubeObject> {
  readonly cluster: Cluster;
  readonly resource: Resource<T>;
  readonly where: Where;
  readonly options: FollowOptions<T>;
  readonly mirror: Mirror<T>;
  readonly complain: (error: unknown) => void;
  readonly counts: { watches: number; restarts: number; events: number };
  readonly list: () => Promise<string>;
}

/** Lists, watches, and begins again where it stopped. Ends with the signal only. */
async function keepOn<T extends KubeObject>(following: Following<T>): Promise<void> {
  const { options, counts } = following;
  const { signal } = options;
  let streak: Streak = { failures: 0, quiet: 0 };
  let version: string | undefined;
  while (!signal.aborted) {
    const round = await listAndWatch(following, version);
    if (signal.aborted) return;
    const { relist, pauseMs, isTrouble, ...next } = resume(round.end, streak, Math.random());
    streak = next.streak;
    version = relist ? undefined : round.version;
    if (isTrouble) {
      counts.restarts++;
      following.complain(round.end.error ?? new Error(`watching ${following.resource.plural}: it ended at once`));
    }
    await pause(pauseMs, signal).catch(() => undefined);
  }
}

/** One watch, from `known` on or after a list. `version`: from where to go on. */
async function listAndWatch<T extends KubeObject>(
  following: Following<T>,
  known: string | undefined,
): Promise<{ readonly version: string | undefined; readonly end: End }> {
  const { cluster, resource, where, options, mirror, counts } = following;
  const { signal } = options;
  let version = known;
  let wasHeard = false;
  let started: number | undefined;
  const end = (error: unknown): End => {
    return { error, wasHeard, lastedMs: started === undefined ? 0 : performance.now() - started };
  };
  try {
    version ??= await following.list();
    counts.watches++;
    started = performance.now();
    for await (const event of cluster.watch(resource, where, { signal, resourceVersion: version })) {
      if (signal.aborted) break;
      wasHeard = true;
      if (event.type !== "bookmark") counts.events++;
      mirror.take(event);
      version = versionOf(event) || version;
    }
    return { version, end: end(undefined) };
  } catch (error) {
    return { version, end: end(error) };
  }
}

function versionOf<T extends KubeObject>(event: WatchEvent<T>): string {
  return "object" in event ? (event.object.metadata.resourceVersion ?? "") : event.resourceVersion;
}

/** The store as the server has it, and who is told. */
interface Mirror<T extends KubeObject> {
  /** All there is: what is missing was removed. */
  replace(items: readonly T[], refused: readonly RefusedObject[]): void;
  take(event: WatchEvent<T>): void;
}

function openMirror<T extends KubeObject>(
  store: WritableStore<T>,
  { onChange, onRefused, trim }: FollowOptions<T>,
  complain: (error: unknown) => void,
): Mirror<T> {
  const refusals = new Map<string, string>();
  const tell = quietly(onChange, complain);
  const tellRefused = quietly(onRefused, complain);
  function drop(text: string): void {
    refusals.delete(text);
    const before = store.find(text);
    if (before === undefined) return;
    store.delete(text);
    tell({ key: keyOf(before), before });
  }
  function put(found: T): void {
    const key = keyOf(found);
    const text = keyText(key);
    refusals.delete(text);
    const before = store.find(text);
    if (before !== undefined && isSame(before, found)) return;
    if (before !== undefined && before.metadata.uid !== found.metadata.uid) drop(text);
    const known = store.find(text);
    const after = trim === undefined ? found : trim(found);
    store.set(after);
    tell(known === undefined ? { key, after } : { key, before: known, after });
  }
  function refuse(refused: RefusedObject): void {
    const text = keyText(refused.key);
    if (refusals.get(text) === refused.reason) return;
    refusals.set(text, refused.reason);
    tellRefused(refused);
  }
  return {
    replace(items, refused) {
      const there = new Set([...items.map((item) => keyText(keyOf(item))), ...refused.map(({ key }) => keyText(key))]);
      for (const text of [...store.keys(), ...refusals.keys()]) if (!there.has(text)) drop(text);
      for (const item of items) put(item);
      for (const each of refused) refuse(each);
    },
    take(event) {
      if (event.type === "bookmark") return;
      if (event.type === "refused") return event.isDeleted ? drop(keyText(event.refused.key)) : refuse(event.refused);
      if (event.type === "deleted") drop(keyText(keyOf(event.object)));
      else put(event.object);
    },
  };
}

/** A callback whose throw stops nothing. */
function quietly<V>(call: ((value: V) => void) | undefined, complain?: (error: unknown) => void): (value: V) => void {
  return (value) => {
    try {
      call?.(value);
    } catch (error) {
      complain?.(error);
    }
  };
}

/** A resumed watch and a second list tell some things twice. */
function isSame(one: KubeObject, other: KubeObject): boolean {
  const { uid, resourceVersion } = one.metadata;
  return (
    uid === other.metadata.uid && resourceVersion !== undefined && resourceVersion === other.metadata.resourceVersion
  );
}
