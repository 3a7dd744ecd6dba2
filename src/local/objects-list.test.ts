import { beforeEach, expect, test } from "vitest";
import { type Change, Entry } from "./entry.ts";
import { type Listing, list } from "./objects-list.ts";
import { servedAt } from "./served.ts";
import { Memory, rewind } from "./store-memory.ts";

const namespaces = 10;
const inEach = 500;
const limit = 100;
/** What a page may look at beside its own objects: on the way to them, and at what was written since the first one. */
const mostBeside = 200;

/** Objects that were looked at. */
let looked: Entry[] = [];
beforeEach(() => {
  looked = [];
});

class Watched extends Entry {
  override get key(): string {
    looked.push(this);
    return super.key;
  }
  override get labelled(): Entry["labelled"] {
    looked.push(this);
    return super.labelled;
  }
}

function entryOf(namespace: number, name: number, version: number): Entry {
  const place = { resource: "configmaps", namespace: `n${namespace}`, name: `c${String(name).padStart(4, "0")}` };
  return new Watched(place, version, JSON.stringify({ metadata: { labels: { odd: String(name % 2) } } }));
}

/** A store of 5,000 objects in memory. */
function storeOf() {
  const memory = new Memory();
  const changes: Change[] = [];
  for (let namespace = 0; namespace < namespaces; namespace++) {
    for (let name = 0; name < inEach; name++) memory.load(entryOf(namespace, name, 1));
  }
  let version = 1;
  return {
    isWriting: false,
    settled: () => Promise.resolve(),
    get version() {
      return version;
    },
    list: (resource: string, namespace?: string) => memory.list(resource, namespace),
    listAt: (resource: string, at: number) =>
      rewind(
        memory.list(resource),
        changes.filter((change) => change.version > at),
      ),
    /** One object is changed, one goes, one comes. */
    write() {
      const of = (type: Change["type"], name: number) => {
        const after = entryOf(3, name, ++version);
        const before = memory.get(after.resource, after.namespace, after.name);
        changes.push({ version, type, before, after });
        memory.apply({ version, type, before, after });
      };
      const turn = changes.length;
      of("MODIFIED", 100);
      of("DELETED", 200 + turn);
      of("ADDED", 1000 + turn);
    },
  };
}

type Fake = ReturnType<typeof storeOf>;

async function listed(store: Fake, namespace: string | undefined, query: Record<string, string>): Promise<Listing> {
  const resource = servedAt("", "v1", "configmaps");
  if (resource === undefined) throw new Error("configmaps are not served");
  return await list({ store }, { resource, namespace }, new URLSearchParams(query));
}

interface Asked {
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** What others do before each page but the first. */
  readonly meanwhile?: (store: Fake) => void;
}

test.each<[string, Asked, number]>([
  ["all", {}, 5000],
  ["those of a namespace", { namespace: "n3" }, 500],
  ["all, while others write", { meanwhile: (store) => store.write() }, 5000],
  ["those of a namespace, while others write", { namespace: "n3", meanwhile: (store) => store.write() }, 500],
  ["half of all", { labelSelector: "odd=1" }, 2500],
  ["half of them, while others write", { labelSelector: "odd=1", meanwhile: (store) => store.write() }, 2500],
])("pages look at their own objects: %s", async (_title, { namespace, labelSelector = "", meanwhile }, count) => {
  const store = storeOf();
  // sorted once, for all who ask
  const { entries: whole } = await listed(store, namespace, { labelSelector });
  const seen: Entry[] = [];
  for (let token: string | undefined = ""; token !== undefined; ) {
    if (seen.length > 0) meanwhile?.(store);
    looked = [];
    const page = await listed(store, namespace, { labelSelector, limit: String(limit), continue: token });
    const own = labelSelector === "" ? limit : 2 * limit;
    expect(new Set(looked).size).toBeLessThan(own + mostBeside);
    expect(page.version).toBe(1);
    seen.push(...page.entries);
    const isLast = page.next === undefined;
    expect(page.remaining).toBe(isLast || labelSelector !== "" ? undefined : count - seen.length);
    token = page.next;
  }
  expect(seen).toHaveLength(count);
  expect(seen.map(({ name, version }) => [name, version])).toEqual(whole.map(({ name, version }) => [name, version]));
});

test("a page of few that are chosen says whether there is another", async () => {
  const store = storeOf();
  const query = { fieldSelector: "metadata.name=c0007", limit: "10" };
  const { entries, next, remaining } = await listed(store, undefined, query);
  expect([entries.map(({ namespace }) => namespace), next, remaining]).toEqual([
    Array.from({ length: namespaces }, (_, at) => `n${at}`),
    ...[undefined, undefined],
  ]);
});
