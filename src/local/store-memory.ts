import { type Change, type Entry, keyOf } from "./entry.ts";
import { overlaid, stretchOf } from "./sorted.ts";

/** All objects, for reading: nothing is asked of the disk. */
export class Memory {
  readonly #collections = new Map<string, Collection>();

  get(resource: string, namespace: string, name: string): Entry | undefined {
    return this.#collections.get(resource)?.byKey.get(keyOf(namespace, name));
  }

  /** Sorted by namespace and name. Without a namespace: of all. */
  list(resource: string, namespace?: string): readonly Entry[] {
    const all = this.#collections.get(resource)?.sorted() ?? [];
    const { start, end } = stretchOf(all, namespace);
    return namespace === undefined ? all : all.slice(start, end);
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

/** So many changes are put into a sorted list; after more of them it is sorted anew. It holds on to what was changed. */
const mostChanged = 500;

class Collection {
  readonly byKey = new Map<string, Entry>();
  revision = 0;
  /** As it was before the changes; undefined when they were too many. */
  #sorted: readonly Entry[] | undefined;
  readonly #changed = new Set<string>();

  put(entry: Entry): void {
    this.byKey.set(entry.key, entry);
    this.#touch(entry.key);
  }

  remove(key: string): void {
    this.byKey.delete(key);
    this.#touch(key);
  }

  sorted(): readonly Entry[] {
    const changed = [...this.#changed].map((key) => [key, this.byKey.get(key)] as const);
    this.#sorted = this.#sorted === undefined ? overlaid([], this.byKey) : overlaid(this.#sorted, new Map(changed));
    this.#changed.clear();
    return this.#sorted;
  }

  #touch(key: string): void {
    this.revision++;
    if (this.#sorted === undefined) return;
    this.#changed.add(key);
    if (this.#changed.size <= mostChanged) return;
    this.#sorted = undefined;
    this.#changed.clear();
  }
}

/** A list as it was, from how it is and what has happened since (oldest first, of this resource alone). */
export function rewind(now: readonly Entry[], since: readonly Change[]): readonly Entry[] {
  return overlaid(now, new Map(since.toReversed().map(({ before, after }) => [after.key, before])));
}
