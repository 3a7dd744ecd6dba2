import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resourceOf } from "../../src/kube/resource.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { type Pushgateway, pushgatewayMissing, startPushgateway } from "../support/pushgateway.ts";
import { createStream, openServer, publishMany } from "../support/streams.ts";
import { conditionOf, namespace, startTaskBench, type TaskBench } from "./bench.ts";

const { signal } = new AbortController();
const isMissing = controlPlaneMissing() !== undefined || pushgatewayMissing() !== undefined;

describe.skipIf(isMissing)("around a backup", () => {
  let bench: TaskBench;
  let server: TestServer;
  let gateway: Pushgateway;
  const of = { configuration: "nightly", repository: "repo", binding: "sample-nats" };
  beforeAll(async () => {
    [bench, server, gateway] = await Promise.all([startTaskBench(), startNatsServer(), startPushgateway()]);
    await using opened = await openServer(server.url);
    await createStream(opened.jetstream, "ORDERS");
    await publishMany(opened.jetstream, "ORDERS", 100);
    await bench.binding("sample-nats", server.port);
    await bench.localRepository("repo");
    await bench.configuration("nightly", of);
  }, 120_000);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    await bench?.[Symbol.asyncDispose]();
  });

  test("a trigger makes the session of its slot, once", async () => {
    const pod = await bench.pod();
    const flags = { "invoker-kind": "BackupConfiguration", "invoker-name": "nightly" };
    const env = { JOB_NAME: "stash-trigger-nightly-29388660" };
    for (const _try of [1, 2]) expect(await pod.task("create-backupsession", flags, env)).toMatchObject({ exit: 0 });
    const { items } = await bench.cluster.list(resourceOf("BackupSession"), { namespace }, { signal });
    expect(items.map(({ metadata }) => metadata.name)).toEqual([`nightly-${29_388_660 * 60}`]);
    expect(items[0]).toMatchObject({
      spec: { invoker: { kind: "BackupConfiguration", name: "nightly" }, retryLeft: 0 },
      metadata: {
        labels: { "stash.appscode.com/invoker-name": "nightly", "stash.appscode.com/target-namespace": namespace },
      },
    });
    const none = await pod.task("create-backupsession", { ...flags, "invoker-name": "gone" });
    expect([none.exit, none.stderr]).toEqual([
      14,
      expect.stringContaining("there is no BackupConfiguration demo/gone"),
    ]);
  });

  test("figures of hosts, streams and the repository arrive at the Pushgateway", async () => {
    const [pod, flags] = [await bench.pod(), await bench.session("pushed", of)];
    await pod.task("nats-backup", flags);
    await pod.task("update-status", { ...flags, "metrics-pushgateway-url": gateway.url });
    const { status } = await bench.backupSession("pushed");
    expect(conditionOf(status?.conditions, "RepositoryMetricsPushed")).toMatchObject({ status: "True" });
    const samples = (await gateway.samples()).join("\n");
    for (const name of ["stash_appscode_com_repository_integrity", "stash_repository_integrity"])
      expect(samples).toMatch(
        new RegExp(`^${name}{.*backend="local".*job="backupconfiguration-demo-nightly".*} 1$`, "m"),
      );
    expect(samples).toMatch(
      /^stash_appscode_com_backupsession_host_backup_success{.*group="nats.io".*hostname="host-0".*kind="nats".*} 1$/m,
    );
    expect(samples).toMatch(/^coldstream_stream_messages{.*stream="ORDERS".*} 100$/m);
  });

  test("a Pushgateway that is away fails nothing", async () => {
    const [pod, flags] = [await bench.pod(), await bench.session("unpushed", of)];
    await pod.task("nats-backup", flags);
    const end = await pod.task("update-status", { ...flags, "metrics-pushgateway-url": "http://127.0.0.1:1" });
    expect(end.exit).toBe(0);
    const { status } = await bench.backupSession("unpushed");
    expect(conditionOf(status?.conditions, "RepositoryMetricsPushed")).toMatchObject({
      status: "False",
      message: expect.stringContaining("the Pushgateway at 127.0.0.1:1"),
    });
    expect(status?.targets?.[0]?.stats?.[0]?.phase).toBe("Succeeded");
  });

  test.each([
    ["Always", /proven on nats-server 2\./, { status: "True", reason: "SuccessfullyProvenBackup" }],
    ["Daily", /saved in snapshot [0-9a-f]{8}$/, undefined],
  ])("proof %s", async (proof, message, proven) => {
    const name = `proof-${proof.toLowerCase()}`;
    const [pod, flags] = [await bench.pod(), await bench.session(name, of)];
    expect(await pod.task("nats-backup", { ...flags, proof })).toMatchObject({ exit: 0 });
    await pod.task("update-status", flags);
    const [target] = (await bench.backupSession(name)).status?.targets ?? [];
    expect(conditionOf(target?.conditions, "StreamsBackedUp")).toMatchObject({
      status: "True",
      message: expect.stringMatching(message),
    });
    const said = conditionOf(target?.conditions, "BackupProven");
    if (proven === undefined) expect(said).toBeUndefined();
    else expect(said).toMatchObject(proven);
  });
});
