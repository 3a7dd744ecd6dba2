import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { streamInfo } from "../../src/nats/streams.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { createConsumer, createStream, openServer, publishMany } from "../support/streams.ts";
import { conditionOf, type Flags, startTaskBench, type TaskBench } from "./bench.ts";

const { signal } = new AbortController();

describe.skipIf(controlPlaneMissing() !== undefined)("the programs of a restore's Job", () => {
  let bench: TaskBench;
  let source: TestServer;
  let snapshot: string;
  const targets: TestServer[] = [];
  beforeAll(async () => {
    [bench, source] = await Promise.all([startTaskBench(), startNatsServer()]);
    await using opened = await openServer(source.url);
    for (const name of ["ORDERS", "KV_settings", "KV_users"]) await createStream(opened.jetstream, name);
    await publishMany(opened.jetstream, "ORDERS", 500);
    await createConsumer(opened.jetstream, "ORDERS", "billing");
    await bench.binding("source", source.port);
    await bench.localRepository("repo");
    const of = { configuration: "nightly", repository: "repo", binding: "source" };
    await bench.configuration("nightly", of);
    const [pod, flags] = [await bench.pod(), await bench.session("nightly-1", of)];
    await pod.task("nats-backup", { ...flags, hostname: "alias" });
    await pod.task("update-status", flags);
    snapshot = (await bench.report("nightly-1")).snapshots?.[0]?.id ?? "";
    expect((await bench.backupSession("nightly-1")).status?.targets?.[0]?.stats?.[0]?.error).toBeUndefined();
  }, 120_000);
  afterAll(async () => {
    for (const server of [source, ...targets]) await server?.[Symbol.asyncDispose]();
    await bench?.[Symbol.asyncDispose]();
  });

  let count = 0;
  /** A restore into a server of its own (or the given AppBinding), and what came of it. */
  async function bringBack(flags: Flags, binding?: string) {
    const name = `restore-${++count}`;
    const to = binding ?? name;
    if (binding === undefined) {
      const server = await startNatsServer();
      targets.push(server);
      await bench.binding(to, server.port);
    }
    const [pod, own] = [await bench.pod(), await bench.restore(name, { repository: "repo", binding: to })];
    expect(await pod.task("nats-restore", { ...own, ...flags })).toMatchObject({ exit: 0 });
    expect(await pod.task("update-status", own)).toMatchObject({ exit: 0 });
    const { status } = await bench.restoreSession(name);
    const report = await bench.report(name);
    const names = report.streams?.filter(({ outcome }) => outcome === "restored").map(({ stream }) => stream);
    const restored = conditionOf(status?.conditions, "StreamsRestored");
    return {
      status,
      stats: status?.stats?.[0],
      restored,
      report,
      names: names?.sort(),
      server: targets.at(-1),
      binding: to,
    };
  }

  test("bring everything back, into another account too", async () => {
    const { stats, restored, names, status, server } = await bringBack({});
    expect(stats).toEqual({ hostname: "host-0", phase: "Succeeded", duration: expect.stringMatching(/s$/) });
    expect(restored).toMatchObject({
      status: "True",
      message: expect.stringContaining("3 streams restored from snapshot"),
    });
    expect(names).toEqual(["KV_settings", "KV_users", "ORDERS"]);
    expect(status?.phase).toBe("Running");
    await using opened = await openServer(server?.url ?? "");
    const { state } = await streamInfo(opened.jetstream, "ORDERS", { signal });
    expect([state.messages, state.last_seq, state.consumer_count]).toEqual([500n, 500n, 1n]);
  });

  test.each([
    ["by id", { snapshot: "ID", streams: "ORDERS" }, ["ORDERS"]],
    [
      "the latest of a host",
      { snapshot: "latest", "source-hostname": "alias", streams: "KV_*" },
      ["KV_settings", "KV_users"],
    ],
    [
      "under another name",
      { rename: "ORDERS=OLD_ORDERS", streams: "ORDERS", "nats-args": "--no-progress" },
      ["ORDERS"],
    ],
  ])("bring back %s", async (_title, given, expected) => {
    const flags: Flags = Object.fromEntries(
      Object.entries(given).map(([flag, value]) => [flag, value === "ID" ? snapshot.slice(0, 8) : value]),
    );
    const { stats, names } = await bringBack(flags);
    expect([stats?.error, names]).toEqual([undefined, expected]);
  });

  test("leave an existing stream alone unless told otherwise", async () => {
    const refused = await bringBack({ streams: "ORDERS" }, "source");
    expect(refused.stats).toMatchObject({
      phase: "Failed",
      error: expect.stringMatching(
        /^restoring ORDERS \(stream ORDERS exists on the server\): refused, and nothing was changed; .*overwrite true/,
      ),
    });
    expect(refused.report.streams).toEqual([
      { stream: "ORDERS", outcome: "failed", reason: "stream ORDERS exists on the server" },
    ]);
    const skipped = await bringBack({ streams: "ORDERS", "on-conflict": "skip" }, "source");
    expect(skipped.restored).toMatchObject({
      status: "True",
      message: expect.stringContaining("left as they were: ORDERS"),
    });
    const replaced = await bringBack({ streams: "ORDERS", overwrite: "true" }, "source");
    expect([replaced.stats?.error, replaced.names]).toEqual([undefined, ["ORDERS"]]);
  });

  test.each([
    [
      "a stream that is not in the snapshot",
      { streams: "NOPE" },
      /stream NOPE is not in it; correct the param streams/,
    ],
    ["a pattern that fits nothing", { streams: "NOPE*" }, /no stream NOPE\*/],
    [
      "a snapshot that is not there",
      { snapshot: "0123abcd" },
      /looking for snapshot 0123abcd: there is none.*kubectl get snapshots/,
    ],
    ["a host without snapshots", { "source-hostname": "other" }, /latest snapshot of host other: there is none/],
    ["two snapshots", { snapshot: "0123abcd,latest" }, /rules\[\]\.snapshots names 2 snapshots; name one/],
    ["a contradiction", { overwrite: "true", "on-conflict": "skip" }, /contradict each other/],
    ["a configuration file", { "nats-args": "--config /x.json" }, /--config names a file/],
    ["what comes later", { subjects: "a.>" }, /the param subjects comes in a later version; nothing was changed/],
  ])("fail with a sentence for %s", async (_title, flags, error) => {
    const { stats, restored } = await bringBack(flags, "source");
    expect(stats).toMatchObject({ phase: "Failed", error: expect.stringMatching(error) });
    expect(restored).toMatchObject({ status: "False", reason: "FailedToRestoreStreams", message: stats?.error });
  });
});
