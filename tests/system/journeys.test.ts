/** What users do with sessions, Repositories and streams, each from the manifest to the data. */
import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { jobs, pods } from "../../src/kube/core.ts";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { streamInfo, streamNames } from "../../src/nats/streams.ts";
import { openRepository } from "../../src/repository/restic.ts";
import { appBinding, repository } from "../operator/documents.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace, type Place } from "../support/place.ts";
import { freePort } from "../support/ports.ts";
import { noise, programEnvironment } from "../support/restic.ts";
import { canPlaceAnywhere, stashBackup, stashPaths } from "../support/stash-repository.ts";
import { createConsumer, createStream, openServer, publish, publishMany, take } from "../support/streams.ts";
import { readWhole, type WholeStream } from "../support/whole-stream.ts";
import { startGate } from "./gate.ts";
import { backendOf, interimVolume, openScene, resticPassword, type Scene } from "./scene.ts";
import { type System, startSystem, systemMissing } from "./system.ts";

const isAnywhere = await canPlaceAnywhere();
const waiting = { signal: new AbortController().signal };
const encrypted = 'jetstream { store_dir: STORE, key: "a key of some length", cipher: aes }';
const target = (more: object = {}, ref: object = {}) => ({
  target: {
    ref: { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "sample-nats", ...ref },
    ...more,
  },
});
const params = (kind: "backup" | "restore", values: Readonly<Record<string, string>>) => ({
  task: { name: `nats-${kind}-2.6.1`, params: Object.entries(values).map(([name, value]) => ({ name, value })) },
});

describe.skipIf(systemMissing() !== undefined)("a journey:", { timeout: 240_000 }, () => {
  let system: System;
  /** With a stream ORDERS of few messages. */
  let small: TestServer;

  beforeAll(async () => {
    system = await startSystem();
    small = await startNatsServer();
    await using opened = await openServer(small.url);
    await createStream(opened.jetstream, "ORDERS");
    await publishMany(opened.jetstream, "ORDERS", 20);
  }, 120_000);
  afterAll(async () => {
    await system?.[Symbol.asyncDispose]();
    await small?.[Symbol.asyncDispose]();
  });

  async function resticOf(prefix: string) {
    const { url, env } = system.store.repository(prefix);
    const password = { kind: "text", text: resticPassword } as const;
    const baseEnv = { ...programEnvironment(system.folder), ...env };
    return openRepository({ url, password, cacheDirectory: join(system.folder, "cache-of-test"), baseEnv });
  }

  test("sessions by hand: while paused, one beside another, and as many as the history holds", async () => {
    const scene = await openScene(system, { port: small.port, isEmpty: true });
    await scene.configure({ paused: true, backupHistoryLimit: 2 });
    await scene.ready();
    await scene.begin("one");
    await eventually("the Job", async () => (await system.desk.list(jobs, scene.namespace)).length > 0);
    const beside = await scene.backUp("beside");
    expect(beside.phase).toBe("Skipped");
    expect(await scene.ended("one")).toMatchObject({ phase: "Succeeded", error: "" });
    expect(await scene.backUp("two")).toMatchObject({ phase: "Succeeded" });
    expect(await scene.backUp("three")).toMatchObject({ phase: "Succeeded" });
    await eventually("two sessions and their Jobs", async () => {
      const names = await system.desk.kubectl("get", "backupsession,job", "-n", scene.namespace, "-o", "name");
      const wanted = ["two", "three"].flatMap((name) => [
        `backupsession.stash.appscode.com/${name}`,
        `job.batch/stash-backup-${name}-0`,
      ]);
      return names.trim().split("\n").sort().join() === wanted.sort().join();
    });
    const row = await system.desk.kubectl("get", "repository", "s3-repo", "-n", scene.namespace);
    expect(row).toMatch(/\btrue\b.*\b3\b/);
  });

  test("a failed session is tried again after its delay, and a server that is back by then makes it succeed", async () => {
    const scene = await openScene(system, { port: await freePort() });
    const retryConfig = { maxRetry: 2, delay: "10s" };
    await scene.configure({ retryConfig, backupHistoryLimit: 5, ...params("backup", { waitTimeout: "1" }) });
    await scene.ready();
    await scene.begin("first", { retryLeft: 2 });
    const first = await scene.ended("first");
    expect(first.phase).toBe("Failed");
    const planned = Date.parse(first.session.status?.nextRetry ?? "");
    expect(planned - Date.now()).toBeGreaterThan(0);
    system.route(`sample-nats.${scene.namespace}.svc:4222`, small.port);
    const second = await eventually("another session", async () => {
      const text = await system.desk.kubectl("get", "backupsession", "-n", scene.namespace, "-o", "name");
      return /sample-nats-backup-\d+/.exec(text)?.[0];
    });
    const { phase, session } = await scene.ended(second);
    expect([phase, session.spec.retryLeft]).toEqual(["Succeeded", 1]);
    expect(Date.parse(session.metadata.creationTimestamp ?? "")).toBeGreaterThanOrEqual(planned);
    expect((await system.desk.get("BackupSession", scene.namespace, "first"))?.status?.retried).toBe(true);
  });

  test("a Job that is slower than timeOut is ended, and leaves nothing", async () => {
    const scene = await openScene(system, { port: await freePort() });
    await scene.configure({ timeOut: "5s", interimVolumeTemplate: interimVolume() });
    await scene.ready();
    const { phase, session, error } = await scene.backUp("slow");
    expect(phase).toBe("Failed");
    expect(session.status?.conditions?.map(({ type, status }) => `${type} ${status}`)).toContain(
      "DeadlineExceeded True",
    );
    expect(error).toContain("5s");
    await eventually("nothing left", async () => (await scene.left()).length === 0);
    await scene.configure({ interimVolumeTemplate: interimVolume() });
    const restored = await scene.restore("slow", { timeOut: "4s", interimVolumeTemplate: interimVolume() });
    expect(restored.phase).toBe("Failed");
    await eventually("nothing left", async () => (await scene.left()).length === 0);
    expect(await system.desk.list(pods, scene.namespace)).toEqual([]);
  });

  test("a Repository in another namespace is used as its usagePolicy says, and wiped out in the end", async () => {
    const store = await openScene(system, { port: small.port, leaveOut: ["AppBinding"] });
    const far = { name: "s3-repo", namespace: store.namespace };
    const scene = await openScene(system, { port: small.port, leaveOut: ["Repository", "Secret"] });
    const backend = backendOf(system, { prefix: store.prefix });
    const allow = async (usagePolicy: object) =>
      await system.desk.apply(repository({ namespace: store.namespace }, { backend, usagePolicy, wipeOut: true }));
    await scene.configure({ repository: far });
    expect(await scene.backUp("refused")).toMatchObject({ phase: "Skipped" });

    await allow({ allowedNamespaces: { from: "Selector", selector: { matchLabels: { team: "orders" } } } });
    await system.desk.kubectl("label", "namespace", scene.namespace, "team=orders");
    await scene.ready();
    expect(await scene.backUp("by-label")).toMatchObject({ phase: "Succeeded", error: "" });

    await allow({ allowedNamespaces: { from: "Same" } });
    await scene.beginRestore("waits", { repository: far, ...params("restore", { rename: "ORDERS=COPY" }) });
    await eventually("what it waits for", async () => {
      const { status } = (await system.desk.get("RestoreSession", scene.namespace, "waits")) ?? {};
      return status?.conditions?.find(({ type, status }) => type === "ValidationPassed" && status === "False");
    });
    await allow({ allowedNamespaces: { from: "All" } });
    expect(await scene.restoreEnded("waits")).toMatchObject({ phase: "Succeeded", error: "" });
    await using opened = await openServer(small.url);
    const [one, copy] = [await readWhole(opened.jetstream, "ORDERS"), await readWhole(opened.jetstream, "COPY")];
    expect([copy.digest, copy.messages]).toEqual([one.digest, one.messages]);
    await removeStream(opened.jetstream, "COPY");

    const bucket = join(system.store.directory, system.store.bucket, store.prefix);
    expect(await readdir(bucket)).toContain("config");
    await system.desk.kubectl(
      ...["delete", "backupconfiguration/sample-nats-backup", "restoresession/waits", "-n", scene.namespace],
    );
    await system.desk.kubectl("delete", "repository/s3-repo", "-n", store.namespace, "--timeout=90s");
    const left = await readdir(bucket, { recursive: true, withFileTypes: true }).catch(() => []);
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
    await eventually("no rights", async () => (await store.left()).length === 0);
  });

  test("an AppBinding in another namespace is read with the account that its owner gave rights to", async () => {
    const home = await openScene(system, { port: small.port, leaveOut: ["Repository", "Secret"] });
    const scene = await openScene(system, { port: small.port, leaveOut: ["AppBinding"] });
    const { namespace } = scene;
    const rules = [
      { apiGroups: ["appcatalog.appscode.com"], resources: ["appbindings"], verbs: ["get"] },
      { apiGroups: [""], resources: ["secrets"], verbs: ["get"] },
    ];
    const rbac = "rbac.authorization.k8s.io";
    const place = { namespace: home.namespace, name: "reader" };
    await system.desk.apply(
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name: "reader" } },
      { apiVersion: `${rbac}/v1`, kind: "Role", metadata: place, rules },
      {
        ...{ apiVersion: `${rbac}/v1`, kind: "RoleBinding", metadata: place },
        roleRef: { apiGroup: rbac, kind: "Role", name: "reader" },
        subjects: [{ kind: "ServiceAccount", namespace, name: "reader" }],
      },
    );
    const there = target({}, { namespace: home.namespace });
    const runtimeSettings = { pod: { serviceAccountName: "reader" } };
    await scene.configure({ ...there, runtimeSettings });
    await scene.ready();
    expect(await scene.backUp("there")).toMatchObject({ phase: "Succeeded", error: "" });
    const restored = await scene.restore("back", {
      ...target({ rules: [{ snapshots: ["latest"] }] }, { namespace: home.namespace }),
      ...{ runtimeSettings, ...params("restore", { overwrite: "true" }) },
    });
    expect(restored).toMatchObject({ phase: "Succeeded", error: "" });
    await scene.configure({ ...there, runtimeSettings: {} });
    await scene.ready();
    const without = await scene.backUp("without");
    expect([without.phase, without.error]).toEqual(["Failed", expect.stringMatching(/appbinding/i)]);
  });

  describe("streams of every kind", () => {
    let from: TestServer;
    let scene: Scene;
    let before: Record<string, WholeStream>;

    beforeAll(async () => {
      from = await startNatsServer({ version: "2.15.1", jetstream: encrypted });
      scene = await openScene(system, { port: from.port });
      await using opened = await openServer(from.url);
      await fill(opened.jetstream);
      before = await readAll(from);
      await scene.configure();
      await scene.ready();
      expect(await scene.backUp("all")).toMatchObject({ phase: "Succeeded", error: "" });
      return async () => await from[Symbol.asyncDispose]();
    }, 120_000);

    test("come back equal", async () => {
      await removeAll(from);
      const ended = await scene.restore("all", params("restore", { storage: "file" }));
      expect(ended).toMatchObject({ phase: "Succeeded", error: "" });
      const after = await readAll(from);
      expect(Object.keys(after)).toEqual(Object.keys(before));
      for (const name of Object.keys(before).filter((one) => one !== "MEMORY"))
        expect(after[name], name).toEqual(before[name]);
      // No archive can bring a memory stream back as one: the param says that a file stream will do.
      expect(after["MEMORY"]).toMatchObject({ digest: before["MEMORY"]?.digest, config: { storage: "file" } });
    });

    test("stay as they are without overwrite, are replaced with it, and stand beside the old with a new name", async () => {
      await using opened = await openServer(from.url);
      await publish(opened.jetstream, "ORDERS.late", "later than the backup");
      const changed = await readWhole(opened.jetstream, "ORDERS");
      const refused = await scene.restore("without", params("restore", { streams: "ORDERS" }));
      expect([refused.phase, refused.error]).toEqual([
        "Failed",
        expect.stringMatching(/ORDERS.*param: overwrite true/),
      ]);
      expect(await readWhole(opened.jetstream, "ORDERS")).toEqual(changed);
      const copied = await scene.restore("copied", params("restore", { streams: "CAPPED", rename: "CAPPED=COPY" }));
      expect(copied).toMatchObject({ phase: "Succeeded", error: "" });
      const replaced = await scene.restore("with", params("restore", { streams: "ORDERS", overwrite: "true" }));
      expect(replaced).toMatchObject({ phase: "Succeeded", error: "" });
      const after = await readAll(from);
      expect(after["ORDERS"]).toEqual(before["ORDERS"]);
      expect(after["COPY"]?.digest).toBe(before["CAPPED"]?.digest);
      expect(after["CAPPED"]).toEqual(before["CAPPED"]);
    });
  });

  test("an account without streams is taken for a mistake", async () => {
    await using empty = await startNatsServer();
    const scene = await openScene(system, { port: empty.port });
    await scene.configure();
    await scene.ready();
    const { phase, error } = await scene.backUp("nothing");
    expect([phase, error]).toEqual(["Failed", expect.stringMatching(/the account has no streams; check the server/)]);
  });

  describe("a repository that Stash wrote", () => {
    let from: TestServer;
    let place: Place;
    let scene: Scene;
    let before: Record<string, WholeStream>;

    beforeAll(async () => {
      [from, place] = [await startNatsServer(), await makePlace()];
      await using opened = await openServer(from.url);
      for (const name of ["ORDERS", "KV_settings"]) {
        await createStream(opened.jetstream, name, name === "ORDERS" ? {} : { subjects: ["$KV.settings.>"] });
        await publishMany(opened.jetstream, name === "ORDERS" ? name : "$KV.settings", 50);
      }
      await createConsumer(opened.jetstream, "ORDERS", "reader");
      before = await readAll(from);
      const at = (path: string) => (isAnywhere ? { path } : {});
      await stashBackup(place, opened.jetstream, at(stashPaths[0]));
      await stashBackup(place, opened.jetstream, { ...at(stashPaths[1]), host: "app-1" });
      scene = await openScene(system, { port: from.port, keys: { RESTIC_PASSWORD: place.password }, isEmpty: true });
      const bucket = join(system.store.directory, system.store.bucket, scene.prefix);
      await cp(join(place.directory, "repository"), bucket, { recursive: true });
      await rm(join(bucket, "locks"), { recursive: true, force: true });
      return async () => {
        for (const one of [from, place]) await one[Symbol.asyncDispose]();
      };
    }, 60_000);

    test.each<[string, object]>([
      [
        "with an interim volume",
        { interimVolumeTemplate: interimVolume(), ...target({ rules: [{ sourceHost: "host-0" }] }) },
      ],
      ["without one", target({ alias: "app-1", rules: [{}] })],
      [
        "by its alias, with an interim volume",
        {
          interimVolumeTemplate: interimVolume(),
          ...target({ alias: "app-1", rules: [{ targetHosts: ["app-1"], sourceHost: "app-1" }] }),
        },
      ],
    ])("is restored %s", async (title, spec) => {
      await removeAll(from);
      const ended = await scene.restore(`stash-${title.replaceAll(/\W+/g, "-")}`, spec);
      expect(ended).toMatchObject({ phase: "Succeeded", error: "" });
      expect(await readAll(from)).toEqual(before);
    });

    test("goes on with new backups beside the old ones", async () => {
      await scene.configure();
      await scene.ready();
      expect(await scene.backUp("next")).toMatchObject({ phase: "Succeeded", error: "" });
      const snapshots = await system.desk.kubectl("get", "snapshots", "-n", scene.namespace, "--no-headers");
      expect(snapshots.trim().split("\n")).toHaveLength(3);
    });
  });

  test("one prunes a Repository while another uploads: both backups are whole", async () => {
    await using gate = await startGate(Number(new URL(system.store.endpoint).port));
    await using large = await startNatsServer();
    await using opened = await openServer(large.url);
    await createStream(opened.jetstream, "LARGE");
    for (let at = 0; at < 30; at++) await publish(opened.jetstream, "LARGE.x", noise(1_000_000, at));
    const before = await readWhole(opened.jetstream, "LARGE");
    const scene = await openScene(system, { port: small.port, s3: { endpoint: `http://127.0.0.1:${gate.port}` } });
    const { namespace } = scene;
    const clientConfig = { service: { name: "large-nats", port: 4222, scheme: "nats" } };
    const other = appBinding({ namespace, name: "large-nats" });
    await system.desk.apply({ ...other, spec: { ...other.spec, clientConfig } });
    system.route(`large-nats.${namespace}.svc:4222`, large.port);
    await scene.configure({ retentionPolicy: { name: "one", keepLast: 1, prune: true }, backupHistoryLimit: 5 });
    await scene.configure(target({}, { name: "large-nats" }), "large");
    await Promise.all([scene.ready(), scene.ready("large")]);
    expect(await scene.backUp("small-one")).toMatchObject({ phase: "Succeeded" });

    gate.holdAfter(4_000_000);
    await scene.begin("large-one", { invoker: "large" });
    await eventually("the upload", async () => gate.isHolding());
    const during = await scene.backUp("small-two");
    expect(during).toMatchObject({ phase: "Succeeded", error: "" });
    // A lock of others postpones it.
    expect(during.session.status?.conditions?.find(({ type }) => type === "RetentionPolicyApplied")).toBeUndefined();
    expect((await system.desk.get("BackupSession", namespace, "large-one"))?.status?.phase).toBe("Running");
    gate.release();
    expect(await scene.ended("large-one")).toMatchObject({ phase: "Succeeded", error: "" });
    const after = await scene.backUp("small-three");
    expect(after.session.status?.conditions).toContainEqual(
      expect.objectContaining({ type: "RetentionPolicyApplied", status: "True" }),
    );

    const restic = await resticOf(scene.prefix);
    expect(await restic.check({ ...waiting, readDataSubset: "100%" })).toMatchObject({ ok: true });
    await removeAll(large);
    const rules = [{ snapshots: ["latest"] }];
    const restored = await scene.restore("large", target({ rules }, { name: "large-nats" }));
    expect(restored).toMatchObject({ phase: "Succeeded", error: "" });
    expect(await readWhole(opened.jetstream, "LARGE")).toEqual(before);
  });
});

async function fill(jetstream: JetStream): Promise<void> {
  await createStream(jetstream, "ORDERS", { compression: "s2" });
  await publishMany(jetstream, "ORDERS", 200);
  await createConsumer(jetstream, "ORDERS", "reader");
  await take(jetstream, { stream: "ORDERS", consumer: "reader", count: 20, isAcknowledged: (at) => at % 2 === 0 });
  await createStream(jetstream, "NOTHING");
  await createStream(jetstream, "CAPPED", { max_msgs: 10n, subjects: [] });
  await createStream(jetstream, "KV_settings", {
    ...{ subjects: ["$KV.settings.>"], max_msgs_per_subject: 5n, discard: "new" },
    ...{ allow_rollup_hdrs: true, deny_delete: true, allow_direct: true },
  });
  await publishMany(jetstream, "$KV.settings", 9);
  await createStream(jetstream, "OBJ_files", { subjects: ["$O.files.C.>", "$O.files.M.>"], allow_rollup_hdrs: true });
  await publishMany(jetstream, "$O.files.C", 6, 1000);
  await createStream(jetstream, "MEMORY", { storage: "memory" });
  await publishMany(jetstream, "MEMORY", 30);
  await createStream(jetstream, "MIRROR", { subjects: [], mirror: { name: "ORDERS" } });
  await createStream(jetstream, "SOURCED", { sources: [{ name: "KV_settings" }], subjects: ["SOURCED.own"] });
  await publish(jetstream, "SOURCED.own", "its own");
  await eventually("the copies", async () => {
    const [mirror, sum] = [await streamInfo(jetstream, "MIRROR", {}), await streamInfo(jetstream, "SOURCED", {})];
    return mirror.state.messages === 200n && sum.state.messages === 10n;
  });
  await createStream(jetstream, "QUEUE", { retention: "workqueue" });
  await createConsumer(jetstream, "QUEUE", "workers");
  await publishMany(jetstream, "QUEUE", 12);
  await take(jetstream, { stream: "QUEUE", consumer: "workers", count: 4, isAcknowledged: (at) => at < 3 });
  await createStream(jetstream, "INTEREST", { retention: "interest" });
  await createConsumer(jetstream, "INTEREST", "first");
  await createConsumer(jetstream, "INTEREST", "second");
  await publishMany(jetstream, "INTEREST", 8);
  await take(jetstream, { stream: "INTEREST", consumer: "first", count: 5, isAcknowledged: () => true });
}

async function readAll({ url }: TestServer): Promise<Record<string, WholeStream>> {
  await using opened = await openServer(url);
  const found: Record<string, WholeStream> = {};
  for (const name of await streamNames(opened.jetstream, {})) found[name] = await readWhole(opened.jetstream, name);
  return found;
}

async function removeAll({ url }: TestServer): Promise<void> {
  await using opened = await openServer(url);
  for (const name of await streamNames(opened.jetstream, {})) await removeStream(opened.jetstream, name);
}

async function removeStream(jetstream: JetStream, name: string): Promise<void> {
  await jetstream.request(`STREAM.DELETE.${name}`, {}, { schema: z.looseObject({}) });
}
