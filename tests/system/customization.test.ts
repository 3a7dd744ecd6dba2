import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream } from "@nats-io/jetstream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Container, cronJobs, jobs, type PodSpec } from "../../src/kube/core.ts";
import type { KubeObject } from "../../src/kube/resource.ts";
import { snapshotTags } from "../../src/repository/published.ts";
import { openRepository, type Repository } from "../../src/repository/restic.ts";
import { invokerName, targetName } from "../../src/tasks/origin.ts";
import { listSnapshots, openSnapshot } from "../../src/vault/catalog.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { type Document, type Journey, lookAt, manifestsOf, openJourney, withManager } from "./journey.ts";
import { errorOf, withoutSlots } from "./round-trip.ts";
import { type System, startSystem, systemMissing } from "./system.ts";

const running = { signal: new AbortController().signal };
const namespace = "customization";
const names = ["ORDERS", "str1", "str2"] as const;
const amounts = { cpu: "200m", memory: "1Gi" };
const resources = { requests: amounts, limits: amounts };
const root = { runAsUser: 0, runAsGroup: 0 };

/** The examples of the guide for customization, one after the other on the same stream, repository and server. */
describe.skipIf(systemMissing() !== undefined)("the guide for customization", { timeout: 120_000 }, () => {
  let system: System;
  let nats: TestServer;
  let journey: Journey;
  let restic: Repository;
  let folder: string;
  let open: AsyncDisposableStack;
  /** What the first snapshot holds, before a message was added. */
  let first: unknown;
  const reached = () => ({ servers: nats.url });

  beforeAll(async () => {
    open = new AsyncDisposableStack();
    folder = await mkdtemp(join(tmpdir(), "coldstream-customization-"));
    open.defer(async () => await rm(folder, { recursive: true, force: true }));
    system = open.use(await startSystem());
    nats = open.use(await startNatsServer());
    system.route(`sample-nats.${namespace}.svc:4222`, nats.port);
    journey = await openJourney(system, "helm", namespace);
    await journey.apply("AppBinding", "Secret", "Repository");
    const { url, env } = system.store.repository(`demo/nats/${namespace}`);
    const baseEnv = { PATH: process.env["PATH"] ?? "", HOME: folder, ...env };
    restic = openRepository({
      url,
      password: { kind: "text", text: "changeit" },
      cacheDirectory: join(folder, "cache"),
      baseEnv,
    });
    await withManager(reached(), async (manager, connection) => {
      for (const name of names) {
        await manager.streams.add({ name, subjects: [`${name}.*`] });
        for (const text of ["hello", "world"]) await jetstream(connection).publish(`${name}.scratch`, text);
      }
    });
    first = await lookAtAll();
  }, 120_000);
  afterAll(async () => await open?.disposeAsync());

  /** An example of the guide as it stands, but for namespace and schedule. */
  function example(file: string, name: string): Document {
    const found = manifestsOf(file).find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw new Error(`there is no ${name} in ${file}.yaml`);
    return withoutSlots({ ...found, metadata: { ...found.metadata, namespace } });
  }

  async function backUp(name: string) {
    await system.desk.apply(example("backup-customization", name));
    await system.desk.until("BackupConfiguration", { namespace, name }, ({ status }) => status?.phase === "Ready");
    return await journey.backUp(name);
  }

  async function restore(name: string, changes: object = {}, as = name) {
    const document = example("restore-customization", name);
    const metadata = { ...document.metadata, name: as };
    await system.desk.apply({ ...document, metadata, spec: { ...document.spec, ...changes } });
    return await journey.restored(as);
  }

  async function jobOf(session: KubeObject): Promise<PodSpec> {
    const own = (await system.desk.list(jobs, namespace)).find(({ metadata }) =>
      metadata.ownerReferences?.some(({ uid }) => uid === session.metadata.uid),
    );
    if (own === undefined) throw new Error(`${session.metadata.name} has no Job`);
    return own.spec.template.spec;
  }
  const containersOf = ({ initContainers, containers }: PodSpec): readonly Container[] => [
    ...(initContainers ?? []),
    ...containers,
  ];
  const remove = async (...streams: readonly string[]) =>
    await withManager(reached(), async (manager) => {
      for (const stream of streams) await manager.streams.delete(stream);
    });
  const publish = async (stream: string, text: string) =>
    await withManager(reached(), async (_manager, connection) => {
      await jetstream(connection).publish(`${stream}.scratch`, text);
    });
  const lookAtAll = async () => await Promise.all(names.map(async (name) => await lookAt(reached(), name)));

  describe("backups", () => {
    test("C1: args --check is accepted, and without an interim volume the path is the temporary one", async () => {
      const session = await backUp("c1-backup");
      expect([session.status?.phase, errorOf(session)]).toEqual(["Succeeded", undefined]);
      const [snapshot] = session.status?.targets?.[0]?.stats?.[0]?.snapshots ?? [];
      expect(snapshot?.path).toBe("/stash-tmp/stash-interim-volume/data");
      expect((await jobOf(session)).volumes?.some((volume) => "persistentVolumeClaim" in volume)).toBe(false);
    });

    test("C2: only the streams that are named are in the snapshot", async () => {
      const session = await backUp("c2-backup");
      expect([session.status?.phase, errorOf(session)]).toEqual(["Succeeded", undefined]);
      const entry = (await listSnapshots(restic, {}, running)).at(-1);
      if (entry === undefined) throw new Error("there is no snapshot");
      expect(entry.id).toBe(session.status?.targets?.[0]?.stats?.[0]?.snapshots?.[0]?.name);
      expect(entry.streams).toEqual(["str1", "str2"]);
      const { index } = await openSnapshot(restic, entry, running);
      expect(index.streams.map(({ stream }) => stream)).toEqual(["str1", "str2"]);
      await publish("ORDERS", "between the first backup and the next of all streams");
    });

    test("C3: the Job's pod has the user that is named", async () => {
      const session = await backUp("c3-backup");
      expect([session.status?.phase, errorOf(session)]).toEqual(["Succeeded", undefined]);
      expect((await jobOf(session))["securityContext"]).toEqual(root);
    });

    test("C4: all containers of the Job and of the CronJob have the resources", async () => {
      const session = await backUp("c4-backup");
      expect([session.status?.phase, errorOf(session)]).toEqual(["Succeeded", undefined]);
      const all = await system.desk.list(cronJobs, namespace);
      const trigger = all.find(({ metadata }) => metadata.name === "stash-trigger-c4-backup");
      const pods = [
        await jobOf(session),
        ...(trigger === undefined ? [] : [trigger.spec.jobTemplate.spec.template.spec]),
      ];
      expect(pods.flatMap(containersOf).map((each) => each.resources)).toEqual([resources, resources, resources]);
    });

    test("C5: a misspelt AppBinding is named, and mended by the one that was meant", async () => {
      const key = { namespace, name: "c5-backup" };
      await system.desk.apply(example("backup-customization", "c5-backup"));
      const { status } = await system.desk.until(
        "BackupConfiguration",
        key,
        (object) => object.status?.phase === "NotReady",
      );
      expect(status?.conditions?.find(({ type }) => type === "BackupTargetFound")?.message).toBe(
        "AppBinding customization/sample-nat does not exist: create it, or correct spec.target.ref.",
      );
      const binding = journey.documents.find(({ kind }) => kind === "AppBinding");
      await system.desk.apply({ ...binding, metadata: { name: "sample-nat", namespace } });
      await system.desk.until("BackupConfiguration", key, (object) => object.status?.phase === "Ready");
    });

    test("C5: the retention policy decides what stays", async () => {
      const invoker = invokerName("BackupConfiguration", { namespace, name: "c5-backup" });
      const tags = snapshotTags({ target: targetName({ namespace, name: "sample-nat" }), invoker, complete: true });
      const directory = await mkdtemp(join(folder, "old-"));
      await writeFile(join(directory, "coldstream.json"), "{}");
      const before = new Map<string, string>();
      for (const { title, time } of earlier(new Date())) {
        const { snapshotId } = await restic.backup({ directory, host: "host-0", tags, time }, running);
        before.set(snapshotId, title);
      }
      const session = await backUp("c5-backup");
      expect([session.status?.phase, errorOf(session)]).toEqual(["Succeeded", undefined]);
      expect(session.status?.conditions?.find(({ type }) => type === "RetentionPolicyApplied")).toMatchObject({
        status: "True",
        message: "6 snapshots kept by policy sample-nats-retention, 1 removed",
      });
      const left = await restic.snapshots({}, running);
      const kept = left.flatMap(({ id }) => before.get(id) ?? []);
      expect(kept).toEqual(["of two years ago", "fifth", "fourth", "third", "second"]);
    });
  });

  describe("restores", () => {
    /** What the snapshots behind it hold, but for C2's. */
    let latest: unknown;
    beforeAll(async () => {
      latest = await lookAtAll();
    });

    test("C6: args --no-progress is accepted, and the Task of the backup means that of the restore", async () => {
      await remove(...names);
      const session = await restore("c6-restore");
      expect([session.status?.phase, errorOf(session)]).toEqual(["Succeeded", undefined]);
      expect(await lookAtAll()).toEqual(latest);
    });

    test("C7: only the streams that are named come back", async () => {
      const [, ...both] = await lookAtAll();
      await remove(...names);
      const session = await restore("c7-restore");
      expect([session.status?.phase, errorOf(session)]).toEqual(["Succeeded", undefined]);
      expect(await lookAtAll()).toEqual([undefined, ...both]);
    });

    test("C8 without overwrite: the session fails, and what exists is not touched", async () => {
      await publish("str1", "after the backup");
      const before = await lookAtAll();
      const session = await restore("c8n-restore");
      expect(session.status?.phase).toBe("Failed");
      expect(errorOf(session)).toMatch(/str1.*str2.*overwrite/);
      expect(await lookAtAll()).toEqual(before);
    });

    test("C8: with overwrite what exists is replaced", async () => {
      const session = await restore("c8-restore");
      expect([session.status?.phase, errorOf(session)]).toEqual(["Succeeded", undefined]);
      expect(await lookAtAll()).toEqual(latest);
    });

    test("C9: a snapshot that is not there is named, and so are two at once", async () => {
      const unknown = await restore("c9-restore", {}, "c9-unknown");
      expect(unknown.status?.phase).toBe("Failed");
      expect(errorOf(unknown)).toMatch(/4bc21d6f.*; choose one of: kubectl get snapshots/);
      const two = await restore("c9-restore", { rules: [{ snapshots: ["4bc21d6f", "5bc21d6f"] }] }, "c9-two");
      expect(two.status?.phase).toBe("Failed");
      expect(errorOf(two)).toMatch(/names 2 snapshots; name one/);
    });

    test("C9: a snapshot of the list comes back, though it is not the latest", async () => {
      const [head = "", ...lines] = (await system.desk.kubectl("get", "snapshots", "-n", namespace)).split("\n");
      expect(head.split(/ {2,}/)).toEqual(["NAME", "ID", "REPOSITORY", "HOSTNAME", "CREATED AT"]);
      const [oldest] = await listSnapshots(restic, { target: targetName({ namespace, name: "sample-nats" }) }, running);
      const line = lines.find((each) => each.split(/ +/)[1] === oldest?.shortId) ?? "";
      expect(line).toMatch(/^gcs-repo-([0-9a-f]{8}) +\1 +gcs-repo +host-0 +\d{4}-\d\d-\d\dT/);
      await remove(...names);
      const session = await restore("c9-restore", { rules: [{ snapshots: [oldest?.shortId] }] });
      expect([session.status?.phase, errorOf(session)]).toEqual(["Succeeded", undefined]);
      expect(await lookAtAll()).toEqual(first);
    });

    test("C10: the Job's pod has the user and the resources that are named", async () => {
      await remove(...names);
      const asRoot = await restore("c10-restore-user");
      expect([asRoot.status?.phase, errorOf(asRoot)]).toEqual(["Succeeded", undefined]);
      expect((await jobOf(asRoot))["securityContext"]).toEqual(root);
      await remove(...names);
      const small = await restore("c10-restore-resources");
      expect([small.status?.phase, errorOf(small)]).toEqual(["Succeeded", undefined]);
      const all = containersOf(await jobOf(small));
      expect(all.map((each) => each.resources)).toEqual([resources, resources]);
    });
  });
});

/** Five snapshots of one day and one of long ago, newest last: the policy's last 5 and daily 10 look at all of them. */
function earlier(now: Date): readonly { readonly title: string; readonly time: Date }[] {
  const at = (days: number, hour: number) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() - days, hour));
  const ofOneDay = ["sixth", "fifth", "fourth", "third", "second"].map((title, hour) => ({ title, time: at(3, hour) }));
  return [{ title: "of two years ago", time: at(800, 0) }, ...ofOneDay];
}
