import { type Change, Entry, type Place } from "./entry.ts";
import { NotWritten } from "./store-failures.ts";
import { ChangeLog, type LogLimits } from "./store-log.ts";
import { Memory, rewind } from "./store-memory.ts";

export type Listener = (changes: readonly Change[]) => void;

/**
 * Objects and what happened to them, on disk and in memory. Writes are seen by the next reader at once, but are acknowledged
 * (the promise) once they are on the disk: all writes of one turn of the event loop share a transaction. Who answers what it
 * reads waits first: `while (store.isWriting) await store.settled()`.
 */
export interface Store extends Disposable {
  get(place: Place): Entry | undefined;
  /** Sorted by namespace and name. Without a namespace: of all. */
  list(resource: string, namespace?: string): readonly Entry[];
  /** The list as it was at a version; undefined when that is too long ago. */
  listAt(resource: string, version: number): readonly Entry[] | undefined;
  /** The changes of a resource after a version; undefined when that is too long ago. */
  changesSince(resource: string, version: number): readonly Change[] | undefined;
  /** Counts the writes to a resource. */
  revision(resource: string): number;
  /** Of the last write that was acknowledged. */
  readonly version: number;
  readonly isWriting: boolean;
  /** `write` makes the object's JSON for the version that it will have. */
  put(place: Place, write: (version: number) => string): Promise<Entry>;
  /** `write` makes the JSON of the last state. Throws when there is no such object. */
  remove(place: Place, write: (version: number) => string): Promise<Entry>;
  /** Resolves when no write is under way. */
  settled(): Promise<void>;
  /** Told of what was acknowledged, in order. Gives back how to end it. */
  listen(listener: Listener): () => void;
  /** Why the last write failed, until `probe` finds that there is room again. Writes are tried nevertheless. */
  readonly trouble: NotWritten | undefined;
  /** After a write that failed: whether as much could be written now, and some more. */
  probe(): void;
}

export type Row = Readonly<Record<string, unknown>>;

/** What lies on the disk. Throws `NotWritten` when it cannot be written. */
export interface Disk {
  objects(): Iterable<Row>;
  /** Oldest first. */
  changes(): Iterable<Row>;
  /** All or nothing; changes up to `forgotten` are no longer kept. */
  commit(changes: readonly Change[], forgotten: number | undefined): void;
  /** Whether so much could be written. */
  probe(bytes: number): void;
  close(): void;
}

export function storeOver(disk: Disk, limits: LogLimits): Store {
  const { memory, log, version } = load(disk, limits);
  const writes = new Writes(disk, { memory, log, version });
  return {
    get: ({ resource, namespace, name }) => memory.get(resource, namespace, name),
    list: (resource, namespace) => memory.list(resource, namespace),
    listAt(resource, at) {
      const since = log.between(at, resource);
      return since === undefined ? undefined : rewind(memory.list(resource), since);
    },
    changesSince: (resource, at) => log.since(at, resource),
    revision: (resource) => memory.revision(resource),
    get version() {
      return writes.version;
    },
    get isWriting() {
      return writes.isWriting;
    },
    put: (place, text) => writes.write(place, "put", text),
    remove: (place, text) => writes.write(place, "remove", text),
    settled: () => writes.settled(),
    listen: (listener) => writes.listen(listener),
    get trouble() {
      return writes.trouble;
    },
    probe: () => writes.probe(),
    [Symbol.dispose]() {
      writes.end();
      disk.close();
    },
  };
}

interface Waiting {
  readonly change: Change;
  readonly done: (entry: Entry) => void;
  readonly failed: (error: unknown) => void;
}

interface Loaded {
  readonly memory: Memory;
  readonly log: ChangeLog;
  readonly version: number;
}

class Writes {
  version: number;
  trouble: NotWritten | undefined;
  readonly #disk: Disk;
  readonly #memory: Memory;
  readonly #log: ChangeLog;
  readonly #listeners = new Set<Listener>();
  #last: number;
  #waiting: Waiting[] = [];
  #flushed = Promise.withResolvers<void>();
  #scheduled: NodeJS.Immediate | undefined;
  #forgotten: number | undefined;
  /** What the writes that failed wanted. */
  #neededBytes = 0;

  constructor(disk: Disk, { memory, log, version }: Loaded) {
    this.#disk = disk;
    this.#memory = memory;
    this.#log = log;
    this.version = version;
    this.#last = version;
  }

  get isWriting(): boolean {
    return this.#waiting.length > 0;
  }

  write(place: Place, what: "put" | "remove", text: (version: number) => string): Promise<Entry> {
    const before = this.#memory.get(place.resource, place.namespace, place.name);
    if (what === "remove" && before === undefined) throw new TypeError(`${place.resource} ${place.name} is not there`);
    const type = what === "remove" ? "DELETED" : before === undefined ? "ADDED" : "MODIFIED";
    const version = this.#last + 1;
    const change: Change = { version, type, before, after: new Entry(place, version, text(version)) };
    this.#last = version;
    this.#memory.apply(change);
    this.#scheduled ??= setImmediate(() => this.#flush());
    return new Promise((done, failed) => this.#waiting.push({ change, done, failed }));
  }

  async settled(): Promise<void> {
    while (this.#waiting.length > 0) await this.#flushed.promise;
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  end(): void {
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled);
    if (this.#waiting.length > 0) this.#flush();
  }

  probe(): void {
    if (this.trouble === undefined) return;
    try {
      this.#disk.probe(this.#neededBytes);
      [this.trouble, this.#neededBytes] = [undefined, 0];
    } catch (error) {
      if (error instanceof NotWritten) this.trouble = error;
    }
  }

  #note(error: unknown, changes: readonly Change[]): void {
    if (!(error instanceof NotWritten)) return;
    // twice: as an object, and as a change
    const bytes = 2 * changes.reduce((sum, { after }) => sum + Buffer.byteLength(after.text), 0);
    [this.trouble, this.#neededBytes] = [error, Math.max(this.#neededBytes, bytes)];
  }

  #flush(): void {
    this.#scheduled = undefined;
    const group = this.#waiting;
    const told = this.#flushed;
    const changes = group.map(({ change }) => change);
    [this.#waiting, this.#flushed] = [[], Promise.withResolvers<void>()];
    try {
      this.#disk.commit(changes, this.#forgotten);
      this.#forgotten = undefined;
    } catch (error) {
      this.#note(error, changes);
      for (const change of changes.toReversed()) this.#memory.undo(change);
      for (const { failed } of group) failed(error);
      told.resolve();
      return;
    }
    this.version = changes.at(-1)?.version ?? this.version;
    for (const change of changes) this.#log.add(change);
    if (this.#log.compact()) this.#forgotten = this.#log.compacted;
    for (const { change, done } of group) done(change.after);
    for (const listener of this.#listeners) listener(changes);
    told.resolve();
  }
}

function load(disk: Disk, limits: LogLimits): Loaded {
  const memory = new Memory();
  for (const row of disk.objects()) memory.load(entryOf(row));
  const last = new Map<string, Entry>();
  const changes = [...disk.changes()].map((row) => changeOf(row, memory, last));
  const version = changes.at(-1)?.version ?? 0;
  const log = new ChangeLog(limits, { compacted: (changes[0]?.version ?? 1) - 1, blind: version });
  for (const change of changes) log.add(change);
  return { memory, log, version };
}

function changeOf(row: Row, memory: Memory, last: Map<string, Entry>): Change {
  const read = entryOf(row);
  const current = memory.get(read.resource, read.namespace, read.name);
  // one text in memory, not two
  const after = current?.version === read.version ? current : read;
  const key = `${after.resource}/${after.key}`;
  const before = last.get(key);
  const type = row["type"] === "ADDED" || row["type"] === "DELETED" ? row["type"] : "MODIFIED";
  if (type === "DELETED") last.delete(key);
  else last.set(key, after);
  return { version: read.version, type, before, after };
}

function entryOf(row: Row): Entry {
  const { resource, namespace, name, version, text } = row;
  const place = { resource: String(resource), namespace: String(namespace), name: String(name) };
  return new Entry(place, Number(version), String(text));
}
