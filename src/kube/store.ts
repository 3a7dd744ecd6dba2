import { type Key, type KubeObject, keyOf, keyText } from "./resource.ts";

export interface Selection {
  readonly namespace?: string | undefined;
  /** All of them. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Objects by key, and by whom they belong to. They are frozen. */
export interface Store<T extends KubeObject> {
  get(key: Key): T | undefined;
  list(filter?: Selection | ((object: T) => boolean)): readonly T[];
  /** Those with an owner of this uid. */
  ownedBy(uid: string): readonly T[];
  readonly size: number;
}

export interface WritableStore<T extends KubeObject> extends Store<T> {
  keys(): readonly string[];
  /** By `keyText`. */
  find(text: string): T | undefined;
  /** Replaces the one of the same key. */
  set(object: T): void;
  delete(text: string): void;
}

export function openStore<T extends KubeObject>(): WritableStore<T> {
  const objects = new Map<string, T>();
  const owned = new Map<string, Set<string>>();
  function forget(text: string): void {
    for (const uid of ownersOf(objects.get(text))) {
      const keys = owned.get(uid);
      keys?.delete(text);
      if (keys?.size === 0) owned.delete(uid);
    }
    objects.delete(text);
  }
  return {
    get: (key) => objects.get(keyText(key)),
    find: (text) => objects.get(text),
    list: (filter) => (filter === undefined ? [...objects.values()] : [...objects.values()].filter(testOf(filter))),
    ownedBy: (uid) => [...(owned.get(uid) ?? [])].flatMap((text) => objects.get(text) ?? []),
    get size() {
      return objects.size;
    },
    keys: () => [...objects.keys()],
    set(object) {
      const text = keyText(keyOf(object));
      forget(text);
      objects.set(text, freeze(object));
      for (const uid of ownersOf(object)) owned.set(uid, (owned.get(uid) ?? new Set()).add(text));
    },
    delete: forget,
  };
}

function ownersOf(object: KubeObject | undefined): readonly string[] {
  return (object?.metadata.ownerReferences ?? []).map(({ uid }) => uid);
}

function testOf<T extends KubeObject>(filter: Selection | ((object: T) => boolean)): (object: T) => boolean {
  if (typeof filter === "function") return filter;
  const wanted = Object.entries(filter.labels ?? {});
  return ({ metadata: { namespace, labels } }) =>
    (filter.namespace === undefined || namespace === filter.namespace) &&
    wanted.every(([name, value]) => labels?.[name] === value);
}

/** Whoever changes what all share would change it for all. */
function freeze<V>(value: V): V {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const each of Object.values(value)) freeze(each);
  return Object.freeze(value);
}
