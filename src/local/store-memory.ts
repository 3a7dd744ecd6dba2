import { type Change, type Entry, keyOf } from "./entry.ts";

/** All objects, for reading: nothing is asked of the disk. */
export class Memory {
  readonly #collections = new Map<string, Collection>();

  get(resource: string, namespace: string, name: string): Entry | undefined {
    return this.#collections.get(resource)?.byKey.get(keyOf(namespace, name));
  }

  /** Sorted by namespace and name. Without a namespace: of all. */
  list(resource: string, namespace?: string): readonly Entry[] {
    const all = this.#collections.get(resource)?.sorted() ?? [];
    return namespace === undefined ? all : all.filter((entry) => entry.namespace === namespace);
  }

  /** Counts the writes to a resource: what was made of its objects is good while this stays. */
  revision(resource: string): number {
    return this.#collections.get(resource)?.revision ?? 0;
  }

  load(entry: Entry): void {
    this.#collection(entry.resource).put(entry);
  }

  apply({ type, after }: Change): void {
    const collection = this.#collection(after.resource);
    if (type === "DELETED") collection.remove(after.key);
    else collection.put(after);
  }

  undo({ before, after }: Change): void {
    const collection = this.#collection(after.resource);
    if (before === undefined) collection.remove(after.key);
    else collection.put(before);
  }

  #collection(resource: string): Collection {
    const found = this.#collections.get(resource) ?? new Collection();
    this.#collections.set(resource, found);
    return found;
  }
}

class Collection {
  readonly byKey = new Map<string, Entry>();
  revision = 0;
  #sorted: readonly Entry[] | undefined;

  put(entry: Entry): void {
    this.byKey.set(entry.key, entry);
    this.#touch();
  }

  remove(key: string): void {
    this.byKey.delete(key);
    this.#touch();
  }

  sorted(): readonly Entry[] {
    this.#sorted ??= sortEntries([...this.byKey.values()]);
    return this.#sorted;
  }

  #touch(): void {
    this.revision++;
    this.#sorted = undefined;
  }
}

/** A list as it was, from how it is and what has happened since (oldest first, of this resource alone). */
export function rewind(now: readonly Entry[], since: readonly Change[]): readonly Entry[] {
  if (since.length === 0) return now;
  const byKey = new Map(now.map((entry) => [entry.key, entry]));
  for (const { before, after } of since.toReversed()) {
    if (before === undefined) byKey.delete(after.key);
    else byKey.set(after.key, before);
  }
  return sortEntries([...byKey.values()]);
}

function sortEntries(entries: Entry[]): readonly Entry[] {
  const keys = new Map(entries.map((entry) => [entry, entry.key]));
  return entries.sort((a, b) => compare(keys.get(a) ?? "", keys.get(b) ?? ""));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
