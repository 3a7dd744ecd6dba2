import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTags } from "../../src/repository/published.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { createConsumer, createStream, openServer, publishMany } from "../support/streams.ts";
import { conditionOf, startTaskBench, type TaskBench } from "./bench.ts";

const { signal } = new AbortController();

describe.skipIf(controlPlaneMissing() !== undefined)("the programs of a backup's Job", () => {
  let bench: TaskBench;
  let server: TestServer;
  beforeAll(async () => {
    const config = "authorization { user: sample-user, password: changeit }";
    [bench, server] = await Promise.all([startTaskBench(), startNatsServer({ config })]);
    await using opened = await openServer(server.url.replace("//", "//sample-user:changeit@"));
    await createStream(opened.jetstream, "ORDERS");
    await createStream(opened.jetstream, "KV_settings");
    await publishMany(opened.jetstream, "ORDERS", 500);
    await createConsumer(opened.jetstream, "ORDERS", "billing");
    await bench.secret("sample-nats-auth", { username: "sample-user", password: "changeit" });
    await bench.binding("sample-nats", server.port, { secret: { name: "sample-nats-auth" } });
  }, 120_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await bench?.[Symbol.asyncDispose]();
  });

  test("save, clean up, check, and say so in session, report and Repository", async () => {
    const restic = await bench.localRepository("first", { isEmpty: true });
    const of = { configuration: "nightly", repository: "first", binding: "sample-nats" };
    await bench.configuration("nightly", { ...of, retention: { keepLast: 1 } });
    const pod = await bench.pod();
    const flags = await bench.session("nightly-1", of);
    expect(await pod.task("nats-backup", flags)).toMatchObject({ exit: 0 });
    expect(await pod.task("update-status", flags)).toMatchObject({ exit: 0 });

    const { status } = await bench.backupSession("nightly-1");
    const states = status?.conditions?.map(({ type, status: state }) => [type, state]);
    expect(states).toEqual([
      ["BackendRepositoryInitialized", "True"],
      ["RetentionPolicyApplied", "True"],
      ["RepositoryIntegrityVerified", "True"],
      ["RepositoryMetricsPushed", "True"],
    ]);
    const [snapshot] = await restic.snapshots({ hosts: ["host-0"] }, { signal });
    const [target] = status?.targets ?? [];
    expect(target).toMatchObject({
      stats: [
        {
          hostname: "host-0",
          phase: "Succeeded",
          duration: expect.stringMatching(/^[\d.]+m?s$/),
          snapshots: [
            {
              name: snapshot?.id,
              path: "/stash-interim-volume/data",
              totalSize: expect.stringMatching(/ (B|KiB)$/),
              uploaded: expect.stringMatching(/ (B|KiB)$/),
              processingTime: expect.stringMatching(/^0:\d\d$/),
              fileStats: { totalFiles: expect.any(Number), modifiedFiles: 0, unmodifiedFiles: 0 },
            },
          ],
        },
      ],
      conditions: [
        { type: "StreamsBackedUp", status: "True", message: `2 streams saved in snapshot ${snapshot?.shortId}` },
      ],
    });
    // the operator's to write
    expect([status?.phase, target?.phase]).toEqual(["Running", undefined]);
    expect(readTags(snapshot?.tags ?? [])).toMatchObject({
      target: "appbinding/demo/sample-nats",
      invoker: "backupconfiguration/demo/nightly",
      complete: true,
    });
    expect(await bench.report("nightly-1")).toEqual({
      snapshots: [expect.objectContaining({ id: snapshot?.id, hostname: "host-0", paths: [expect.any(String)] })],
      streams: expect.arrayContaining([
        {
          stream: "ORDERS",
          outcome: "saved",
          messages: "500",
          bytes: expect.any(String),
          lastSequence: "500",
          consumers: 1,
          consistency: "exact",
        },
      ]),
    });
    expect(await bench.repository("first")).toMatchObject({
      integrity: true,
      snapshotCount: 1,
      snapshotsRemovedOnLastCleanup: 0,
      totalSize: expect.stringMatching(/^[\d.]+ KiB$/),
      lastBackupTime: expect.any(String),
      firstBackupTime: expect.any(String),
    });

    const again = await bench.session("nightly-2", of);
    const second = await bench.pod();
    await second.task("nats-backup", again);
    await second.task("update-status", again);
    expect(await bench.repository("first")).toMatchObject({ snapshotCount: 1, snapshotsRemovedOnLastCleanup: 1 });
    // nothing secret or half-done lies about
    expect(await readdir(join(second.folder, "interim/data"))).toEqual([]);
    expect((await readdir(join(second.folder, "tmp"))).sort()).toEqual(["output", "restic-cache"]);
  });

  test("a dry run of the retention removes nothing", async () => {
    await bench.localRepository("dry", { isEmpty: true });
    const of = { configuration: "dry", repository: "dry", binding: "sample-nats" };
    await bench.configuration("dry", { ...of, retention: { keepLast: 1, dryRun: true } });
    for (const name of ["dry-1", "dry-2"]) {
      const [pod, flags] = [await bench.pod(), await bench.session(name, of)];
      await pod.task("nats-backup", flags);
      await pod.task("update-status", flags);
    }
    expect(await bench.repository("dry")).toMatchObject({ snapshotCount: 2, snapshotsRemovedOnLastCleanup: 0 });
    const { status } = await bench.backupSession("dry-2");
    expect(conditionOf(status?.conditions, "RetentionPolicyApplied")).toMatchObject({
      status: "True",
      message: expect.stringContaining("1 would be removed"),
    });
  });
});
