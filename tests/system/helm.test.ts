import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { type Journey, lookAt, makeOrders, openJourney, withManager } from "./journey.ts";
import { type System, startSystem, systemMissing } from "./system.ts";

describe.skipIf(systemMissing() !== undefined)("the guide for NATS from its Helm chart", { timeout: 300_000 }, () => {
  let system: System;
  let nats: TestServer;
  let journey: Journey;
  let orders: unknown;
  const configuration = "sample-nats-backup";
  const kubectl = async (...args: string[]) => await system.desk.kubectl(...args, "-n", journey.namespace);
  const patch = async (spec: object) =>
    await kubectl("patch", "backupconfiguration", configuration, "--type=merge", "-p", JSON.stringify({ spec }));

  beforeAll(async () => {
    system = await startSystem();
    nats = await startNatsServer();
    system.route("sample-nats.demo.svc:4222", nats.port);
    journey = await openJourney(system, "helm", "demo", { isEmpty: true });
    await makeOrders({ servers: nats.url });
    orders = await lookAt({ servers: nats.url }, "ORDERS");
  }, 120_000);
  afterAll(async () => {
    await system?.[Symbol.asyncDispose]();
    await nats?.[Symbol.asyncDispose]();
  });

  test("the catalogue has Tasks for NATS, and the manifests are accepted unchanged", async () => {
    const tasks = await system.desk.kubectl("get", "tasks", "-o", "name");
    for (const name of ["nats-backup-2.6.1", "nats-restore-2.6.1", "nats-backup-2.8.2", "nats-restore-2.8.2"]) {
      expect(tasks).toContain(`/${name}\n`);
    }
    await journey.apply("AppBinding", "Secret", "Repository");
    expect(await journey.row("appbinding", "sample-nats")).toMatchObject({ TYPE: "nats.io/nats", VERSION: "2.6.1" });
    await eventually("the finalizer", async () =>
      (await kubectl("get", "repository", "gcs-repo", "-o", "jsonpath={.metadata.finalizers}")).includes('"stash"'),
    );
    expect(await journey.row("repository", "gcs-repo")).toMatchObject({
      INTEGRITY: "",
      SIZE: "",
      "SNAPSHOT-COUNT": "",
      "LAST-SUCCESSFUL-BACKUP": "",
    });
  });

  test("a BackupConfiguration becomes Ready and has a CronJob", async () => {
    await slotPassed();
    await journey.apply("BackupConfiguration");
    await eventually("Ready", async () => (await journey.row("bc", configuration))["PHASE"] === "Ready", {
      timeoutMs: 15_000,
    });
    expect(await journey.row("backupconfiguration", configuration)).toMatchObject({
      TASK: "nats-backup-2.6.1",
      SCHEDULE: "*/5 * * * *",
      PAUSED: "",
    });
    const cronJob = await journey.row("cronjob", `stash-trigger-${configuration}`);
    expect(cronJob).toMatchObject({
      SCHEDULE: "*/5 * * * *",
      SUSPEND: "False",
      ACTIVE: "0",
      "LAST SCHEDULE": "<none>",
    });
  });

  /** What is looked at next is what is before the first slot: one of every five minutes is let pass when it is near. */
  async function slotPassed(): Promise<void> {
    const leftMs = 300_000 - (Date.now() % 300_000);
    // a timer may come a moment early
    if (leftMs < 20_000) await sleep(leftMs + 100);
  }

  test("its slot makes a BackupSession that succeeds", async () => {
    await patch({ schedule: "* * * * *" });
    const session = await eventually(
      "a BackupSession",
      async () =>
        (await kubectl("get", "backupsession", "-o", "jsonpath={.items[*].metadata.name}")).split(" ")[0] || undefined,
      { timeoutMs: 150_000 },
    );
    expect(session).toMatch(/^sample-nats-backup-\d{10}$/);
    await journey.ended(session);
    await patch({ schedule: "*/5 * * * *" });
    const row = await journey.row("backupsession", session);
    expect(row).toMatchObject({
      "INVOKER-TYPE": "BackupConfiguration",
      "INVOKER-NAME": configuration,
      PHASE: "Succeeded",
    });
    expect(row["DURATION"]).toMatch(/^(\d+m)?\d+s$/);
    const repository = await journey.row("repository", "gcs-repo");
    expect(repository).toMatchObject({ INTEGRITY: "true", "SNAPSHOT-COUNT": "1" });
    expect(repository["SIZE"]).toMatch(/^\d+\.\d{3} KiB$/);
    expect(repository["LAST-SUCCESSFUL-BACKUP"]).toMatch(/^\d+s|\d+m/);
    const bucket = join(system.store.directory, system.store.bucket, "demo/nats/demo");
    expect((await readdir(bucket)).sort()).toEqual(
      expect.arrayContaining(["config", "data", "index", "keys", "snapshots"]),
    );
    const snapshots = await kubectl("get", "snapshots");
    expect(snapshots.split("\n")[0]?.split(/ {2,}/)).toEqual(["NAME", "ID", "REPOSITORY", "HOSTNAME", "CREATED AT"]);
    expect(snapshots).toMatch(/gcs-repo-[0-9a-f]{8} +[0-9a-f]{8} +gcs-repo +host-0 +20/);
  });

  test("what the session leaves is what Stash leaves, and the Job's volume goes with the Job", async () => {
    await eventually("no claim", async () => (await kubectl("get", "pvc", "-o", "name")) === "");
    await eventually(
      "no trigger Job",
      async () => !(await kubectl("get", "jobs", "-o", "name")).includes("stash-trigger"),
    );
    const described = await kubectl("describe", "backupsession");
    expect(described).toMatch(/Host Backup Succeeded/);
    const samples = (await system.pushgateway.samples()).join("\n");
    for (const name of ["stash_appscode_com_backupsession_success", "stash_backup_session_success"]) {
      expect(samples).toMatch(
        new RegExp(`^${name}\\{.*job="backupconfiguration-demo-sample-nats-backup".*\\} 1$`, "m"),
      );
    }
  });

  test("paused, it keeps its phase, and its CronJob is suspended", async () => {
    await patch({ paused: true });
    await eventually(
      "SUSPEND",
      async () => (await journey.row("cronjob", `stash-trigger-${configuration}`))["SUSPEND"] === "True",
    );
    expect(await journey.row("bc", configuration)).toMatchObject({ PAUSED: "true", PHASE: "Ready" });
  });

  test("a RestoreSession with top-level rules brings the stream back as it was", async () => {
    await withManager({ servers: nats.url }, async (manager) => await manager.streams.delete("ORDERS"));
    expect(await lookAt({ servers: nats.url }, "ORDERS")).toBeUndefined();
    await journey.apply("RestoreSession");
    await journey.restored("sample-nats-restore");
    const row = await journey.row("restoresession", "sample-nats-restore");
    expect(row).toMatchObject({ REPOSITORY: "gcs-repo", PHASE: "Succeeded" });
    expect(row["DURATION"]).toMatch(/^(\d+m)?\d+s$/);
    expect(await lookAt({ servers: nats.url }, "ORDERS")).toEqual(orders);
  });

  test("resumed, it goes on", async () => {
    await patch({ paused: false });
    await eventually(
      "SUSPEND",
      async () => (await journey.row("cronjob", `stash-trigger-${configuration}`))["SUSPEND"] === "False",
    );
    expect(await journey.row("bc", configuration)).toMatchObject({ PAUSED: "false", PHASE: "Ready" });
  });

  test("deleted, all goes without hanging, and the data stays", async () => {
    const names = [
      "backupconfiguration/sample-nats-backup",
      "restoresession/sample-nats-restore",
      "repository/gcs-repo",
    ];
    await kubectl("delete", ...names, "--timeout=60s");
    await eventually("nothing left", async () => {
      const kinds = "backupsession,cronjob,job,pod,pvc,role,rolebinding,snapshots,configmap,serviceaccount";
      const left = (await kubectl("get", kinds, "-o", "name")).split("\n").filter((name) => name !== "");
      return left.every((name) => ["configmap/kube-root-ca.crt", "serviceaccount/default"].includes(name));
    });
    expect(existsSync(join(system.store.directory, system.store.bucket, "demo/nats/demo/config"))).toBe(true);
  });
});
