import { describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { type Call, memoryCluster } from "../../tests/support/memory-cluster.ts";
import type { Draft } from "./cluster.ts";
import { type ConfigMap, configMaps, type Job, jobs, ownedBy, roleBindings } from "./core.ts";
import { addFinalizer, createOnce, ensure, removeFinalizer, updateStatus } from "./update.ts";

const key = { namespace: "demo", name: "a" };
const signal = AbortSignal.timeout(60_000);
const job: Draft = { metadata: key, spec: { template: { spec: { containers: [] } } } };

function counted() {
  const calls: string[] = [];
  let hook: ((call: Call) => Promise<void>) | undefined;
  const cluster = memoryCluster(async (call) => {
    calls.push(call.verb);
    const once = hook;
    hook = undefined;
    await once?.(call);
  });
  return {
    cluster,
    calls,
    /** Runs before the next call. */
    meanwhile: (what: (call: Call) => Promise<void>) => {
      hook = what;
    },
  };
}

function owner(name: string): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "demo", name, uid: `uid-${name}` } };
}

describe("updateStatus", () => {
  const count = (found: Job) => ({ ...found.status, active: (found.status?.active ?? 0) + 1 });

  test("reads, changes and writes", async () => {
    const { cluster, calls } = counted();
    await cluster.create(jobs, job, { signal });
    const written = await updateStatus(cluster, jobs, key, count, { signal });
    expect(written?.status?.active).toBe(1);
    expect(calls).toEqual(["create", "get", "replaceStatus"]);
  });
  test("needs no read when it is given the object", async () => {
    const { cluster, calls } = counted();
    const from = await cluster.create(jobs, job, { signal });
    await updateStatus(cluster, jobs, key, count, { signal, from });
    expect(calls).toEqual(["create", "replaceStatus"]);
  });
  test("changes the newer one when somebody was quicker", async () => {
    const { cluster, calls } = counted();
    const from = await cluster.create(jobs, job, { signal });
    await updateStatus(cluster, jobs, key, (found) => ({ ...found.status, failed: 7 }), { signal });
    calls.length = 0;
    const written = await updateStatus(cluster, jobs, key, count, { signal, from });
    expect(written?.status).toEqual({ active: 1, failed: 7 });
    expect(calls).toEqual(["replaceStatus", "get", "replaceStatus"]);
  });
  test("loses nothing when many write at once", async () => {
    const { cluster } = counted();
    await cluster.create(jobs, job, { signal });
    await Promise.all(Array.from({ length: 12 }, () => updateStatus(cluster, jobs, key, count, { signal })));
    expect((await cluster.get(jobs, key, { signal }))?.status?.active).toBe(12);
  });
  test("writes nothing when there is nothing to write", async () => {
    const { cluster, calls } = counted();
    await cluster.create(jobs, job, { signal });
    expect(await updateStatus(cluster, jobs, key, () => undefined, { signal })).toBeDefined();
    expect(calls).toEqual(["create", "get"]);
  });
  test.each([
    ["before it reads", "get"],
    ["before it writes", "replaceStatus"],
  ])("gives nothing when the object goes %s", async (_title, verb) => {
    const calls: string[] = [];
    const cluster = memoryCluster(async (call) => {
      calls.push(call.verb);
      if (call.verb === verb && call.signal !== other) await cluster.remove(jobs, key, { signal: other });
    });
    const other = AbortSignal.timeout(60_000);
    await cluster.create(jobs, job, { signal: other });
    expect(await updateStatus(cluster, jobs, key, count, { signal })).toBeUndefined();
  });
  test("gives up after many conflicts", async () => {
    const other = AbortSignal.timeout(60_000);
    const cluster = memoryCluster(async (call) => {
      if (call.verb !== "replaceStatus" || call.signal === other) return;
      await updateStatus(cluster, jobs, key, count, { signal: other });
    });
    await cluster.create(jobs, job, { signal: other });
    expect((await failureOf(updateStatus(cluster, jobs, key, count, { signal }))).code).toBe("object-changed");
  });
});

describe("finalizers", () => {
  test("are added and removed beside those of others", async () => {
    const { cluster, calls } = counted();
    await cluster.create(jobs, { ...job, metadata: { ...key, finalizers: ["theirs"] } }, { signal });
    const added = await addFinalizer(cluster, jobs, key, { finalizer: "ours", signal });
    expect(added?.metadata.finalizers).toEqual(["theirs", "ours"]);
    await addFinalizer(cluster, jobs, key, { finalizer: "ours", signal, from: added });
    const removed = await removeFinalizer(cluster, jobs, key, { finalizer: "ours", signal });
    expect(removed?.metadata.finalizers).toEqual(["theirs"]);
    await removeFinalizer(cluster, jobs, key, { finalizer: "ours", signal, from: removed });
    expect(calls.filter((verb) => verb === "patch")).toHaveLength(2);
  });
  test("of two writers both stay", async () => {
    const { cluster } = counted();
    const from = await cluster.create(jobs, job, { signal });
    await Promise.all(
      ["x", "y", "z"].map((finalizer) => addFinalizer(cluster, jobs, key, { finalizer, signal, from })),
    );
    expect((await cluster.get(jobs, key, { signal }))?.metadata.finalizers?.toSorted()).toEqual(["x", "y", "z"]);
  });
  test("are not added to what is being removed, or is gone", async () => {
    const { cluster, calls } = counted();
    expect(await addFinalizer(cluster, jobs, key, { finalizer: "x", signal })).toBeUndefined();
    await cluster.create(jobs, { ...job, metadata: { ...key, deletionTimestamp: "2026-11-21T03:00:00Z" } }, { signal });
    await addFinalizer(cluster, jobs, key, { finalizer: "x", signal });
    expect(calls).not.toContain("patch");
  });
});

describe("ensure", () => {
  test("makes a binding anew that binds something else: no server changes that", async () => {
    const { cluster, calls } = counted();
    const bound = (name: string): Draft => ({
      metadata: key,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    });
    await cluster.create(roleBindings, bound("stash-backup-job"), { signal });
    calls.length = 0;
    expect(await ensure(cluster, roleBindings, bound("ours"), { signal })).toBe("changed");
    expect(calls).toEqual(["get", "remove", "create"]);
    expect((await cluster.get(roleBindings, key, { signal }))?.roleRef.name).toBe("ours");
  });

  const draft: Draft = {
    metadata: { ...key, labels: { app: "x" }, ownerReferences: [ownedBy(owner("one"))] },
    data: { a: "1" },
  };
  test("makes what is not there, and leaves alone what is right", async () => {
    const { cluster, calls } = counted();
    expect(await ensure(cluster, configMaps, draft, { signal })).toBe("created");
    expect(await ensure(cluster, configMaps, draft, { signal })).toBe("same");
    expect(calls).toEqual(["get", "create", "get"]);
  });
  test("changes what differs, and nothing else", async () => {
    const { cluster } = counted();
    const metadata = { ...draft.metadata, labels: { app: "x", theirs: "y" } };
    await cluster.create(configMaps, { ...draft, metadata, data: { a: "2", b: "3" } }, { signal });
    expect(await ensure(cluster, configMaps, draft, { signal })).toBe("changed");
    const found = await cluster.get(configMaps, key, { signal });
    expect(found?.data).toEqual({ a: "1", b: "3" });
    expect(found?.metadata.labels).toEqual({ app: "x", theirs: "y" });
  });
  test("keeps the owners and finalizers of others", async () => {
    const { cluster } = counted();
    const theirs = ownedBy(owner("other"), { controller: false });
    const ours = ownedBy(owner("one"));
    await cluster.create(
      configMaps,
      { metadata: { ...draft.metadata, ownerReferences: [theirs], finalizers: ["theirs"] } },
      { signal },
    );
    expect(
      await ensure(
        cluster,
        configMaps,
        { ...draft, metadata: { ...draft.metadata, finalizers: ["ours"] } },
        { signal },
      ),
    ).toBe("changed");
    const { metadata } = (await cluster.get(configMaps, key, { signal })) ?? {};
    expect(metadata?.ownerReferences).toEqual([theirs, ours]);
    expect(metadata?.finalizers).toEqual(["theirs", "ours"]);
  });
  test.each<[string, Draft["metadata"], string]>([
    [
      "belongs to another controller",
      { ...draft.metadata, ownerReferences: [ownedBy(owner("two"))] },
      "belongs to ConfigMap two",
    ],
    ["was made by somebody else", { ...key }, "was made by somebody else"],
    ["is being removed", { ...draft.metadata, deletionTimestamp: "2026-11-21T03:00:00Z" }, "is being removed"],
  ])("refuses an object that %s", async (_title, metadata, message) => {
    const { cluster, calls } = counted();
    await cluster.create(configMaps, { metadata }, { signal });
    for (const failure of [
      await failureOf(ensure(cluster, configMaps, draft, { signal })),
      await failureOf(createOnce(cluster, configMaps, draft, { signal })),
    ]) {
      expect(failure.code).toBe("object-exists");
      expect(failure.message).toContain(message);
    }
    expect(calls).not.toContain("patch");
  });
  test("copes with somebody who makes it meanwhile", async () => {
    const { cluster, meanwhile } = counted();
    const making = ensure(cluster, configMaps, draft, { signal });
    meanwhile(async () => void (await cluster.create(configMaps, { ...draft, data: { a: "2" } }, { signal })));
    expect(await making).toBe("changed");
  });
  test("copes with somebody who changes or removes it meanwhile", async () => {
    const { cluster } = counted();
    const stale = await cluster.create(configMaps, { ...draft, data: {} }, { signal });
    await cluster.patch(configMaps, key, { merge: { data: { c: "3" } }, signal });
    expect(await ensure(cluster, configMaps, draft, { signal, from: stale })).toBe("changed");
    expect((await cluster.get(configMaps, key, { signal }))?.data).toEqual({ a: "1", c: "3" });
    await cluster.remove(configMaps, key, { signal });
    expect(await ensure(cluster, configMaps, draft, { signal, from: stale })).toBe("created");
  });
  test("of two at once makes one", async () => {
    const { cluster } = counted();
    const outcomes = await Promise.all([1, 2, 3].map(() => ensure(cluster, configMaps, draft, { signal })));
    expect(outcomes.toSorted()).toEqual(["created", "same", "same"]);
  });
});

describe("createOnce", () => {
  test("leaves what is there as it is", async () => {
    const { cluster, calls } = counted();
    expect(await createOnce(cluster, configMaps, { metadata: key, data: { a: "1" } }, { signal })).toBe("created");
    expect(await createOnce(cluster, configMaps, { metadata: key, data: { a: "2" } }, { signal })).toBe("same");
    expect(calls).toEqual(["create", "create", "get"]);
  });
});
