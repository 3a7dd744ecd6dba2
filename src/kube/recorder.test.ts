import { describe, expect, test } from "vitest";
import { memoryCluster, refused } from "../../tests/support/memory-cluster.ts";
import type { Cluster, Draft } from "./cluster.ts";
import type { ConfigMap, Event } from "./core.ts";
import { recorder } from "./recorder.ts";

const object: ConfigMap = {
  ...{ apiVersion: "v1", kind: "ConfigMap" },
  metadata: { namespace: "demo", name: "nightly", uid: "u", resourceVersion: "7" },
};
const news = { type: "Warning", reason: "Failed", message: "the bucket is gone" } as const;

function world(before?: () => void) {
  const written = new Map<string, Event>();
  const drafts: Draft[] = [];
  const inner = memoryCluster(before);
  const keep = <T>(event: T): T => {
    const { metadata } = event as unknown as Event;
    written.set(metadata.name ?? "", event as unknown as Event);
    return event;
  };
  const cluster: Cluster = {
    ...inner,
    create: async (resource, draft, waiting) => {
      drafts.push(draft);
      return keep(await inner.create(resource, draft, waiting));
    },
    patch: async (resource, key, options) => {
      const after = await inner.patch(resource, key, options);
      return after === undefined ? undefined : keep(after);
    },
  };
  let now = Date.parse("2026-11-21T03:00:00.250Z");
  const failures: unknown[] = [];
  const tell = recorder(cluster, {
    component: "coldstream",
    clock: () => new Date(now),
    onFailure: (error) => void failures.push(error),
  });
  return { cluster, tell, drafts, failures, events: () => [...written.values()], pass: (ms: number) => (now += ms) };
}

describe("an event", () => {
  test("says what happened to whom", async () => {
    const { tell, drafts } = world();
    await tell.event(object, news);
    expect(drafts[0]).toEqual({
      metadata: { name: expect.stringMatching(/^nightly\.[0-9a-f]{16}$/), namespace: "demo" },
      involvedObject: {
        apiVersion: "v1",
        kind: "ConfigMap",
        name: "nightly",
        namespace: "demo",
        uid: "u",
        resourceVersion: "7",
      },
      ...news,
      count: 1,
      firstTimestamp: "2026-11-21T03:00:00Z",
      lastTimestamp: "2026-11-21T03:00:00Z",
      source: { component: "coldstream" },
      reportingComponent: "coldstream",
    });
  });
  test("is counted when it happens again, also many times at once", async () => {
    const { tell, events, pass } = world();
    await tell.event(object, news);
    pass(60_000);
    await Promise.all([1, 2, 3].map(() => tell.event(object, news)));
    expect(events()).toMatchObject([
      { count: 4, firstTimestamp: "2026-11-21T03:00:00Z", lastTimestamp: "2026-11-21T03:01:00Z" },
    ]);
  });
  test.each<[string, ConfigMap, object]>([
    ["other words", object, { message: "the bucket is back" }],
    ["another reason", object, { reason: "Other" }],
    ["another object", { ...object, metadata: { ...object.metadata, name: "b" } }, {}],
    ["a new object of that name", { ...object, metadata: { ...object.metadata, uid: "v" } }, {}],
  ])("is another with %s", async (_title, about, more) => {
    const { tell, events } = world();
    await tell.event(object, news);
    await tell.event(about, { ...news, ...more });
    expect(events()).toHaveLength(2);
  });
  test("is told anew after a while, and when the old one is gone", async () => {
    const { tell, events, cluster, pass } = world();
    await tell.event(object, news);
    pass(601_000);
    await tell.event(object, news);
    expect(events().map(({ count }) => count)).toEqual([1, 1]);
    const [, second] = events();
    const gone = { namespace: "demo", name: second?.metadata.name ?? "" };
    const { events: resource } = await import("./core.ts");
    await cluster.remove(resource, gone, { signal: AbortSignal.timeout(1_000) });
    await tell.event(object, news);
    expect(events()).toHaveLength(3);
  });
  test("of the cluster lies in the namespace default; what is long is cut", async () => {
    const { tell, drafts } = world();
    const name = "n".repeat(253);
    await tell.event({ ...object, metadata: { name, uid: "u" } }, { ...news, message: "x".repeat(2_000) });
    expect(drafts[0]?.metadata.namespace).toBe("default");
    expect(drafts[0]?.metadata.name).toHaveLength(253);
    expect(drafts[0]?.["message"]).toHaveLength(1024);
  });
  test("that cannot be written harms nobody", async () => {
    let isDown = true;
    const { tell, failures, events } = world(() => {
      if (isDown) throw refused(403, "Forbidden", "event");
    });
    await tell.event(object, news);
    expect(failures).toHaveLength(1);
    isDown = false;
    await tell.event(object, news);
    expect(events()).toHaveLength(1);
  });
});
