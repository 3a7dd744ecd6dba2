import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { createConsumer, createStream, openServer, publishMany } from "../support/streams.ts";
import { conditionOf, startTaskBench, type TaskBench } from "./bench.ts";

describe.skipIf(controlPlaneMissing() !== undefined)("the programs of a backup's Job", () => {
  let bench: TaskBench;
  let server: TestServer;
  beforeAll(async () => {
    [bench, server] = await Promise.all([startTaskBench(), startNatsServer()]);
    await using opened = await openServer(server.url);
    await createStream(opened.jetstream, "ORDERS");
    await createStream(opened.jetstream, "KV_settings");
    await publishMany(opened.jetstream, "ORDERS", 500);
    await createConsumer(opened.jetstream, "ORDERS", "billing");
    await bench.binding("sample-nats", server.port);
  }, 120_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await bench?.[Symbol.asyncDispose]();
  });

  test("save, clean up, check, and say so in session, report and Repository", async () => {
    const restic = await bench.localRepository("first");
    await bench.configuration("nightly", { repository: "first", binding: "sample-nats" });
    const flags = await bench.session("nightly-1", {
      ...{ configuration: "nightly", repository: "first", binding: "sample-nats" },
    });
    const pod = await bench.pod();
    expect(await pod.task("nats-backup", flags)).toMatchObject({ exit: 0 });
    expect(await pod.task("update-status", flags)).toMatchObject({ exit: 0 });
    const { status } = await bench.backupSession("nightly-1");
    expect(status?.phase).toBe("Running");
    expect(status?.conditions).toEqual([]);
  });
});
