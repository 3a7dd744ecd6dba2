import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { freePort } from "../../tests/support/ports.ts";
import { pushgatewayMissing, startPushgateway } from "../../tests/support/pushgateway.ts";
import { openHosts } from "../kit/hosts.ts";
import { type InvokerFacts, invokerLabels, pushJob } from "./labels.ts";
import { deleteGroup, pushMetrics } from "./push.ts";
import { hostSeries } from "./series.ts";
import { seriesOf } from "./table.ts";

const invoker: InvokerFacts = {
  kind: "BackupConfiguration",
  namespace: "demo",
  name: "sample",
  repository: "gcs-repo",
};
const target = { kind: "nats", group: "nats.io", name: "sample-nats" };
const job = pushJob(invoker);
const labels = invokerLabels(invoker);
const waiting = () => ({ signal: new AbortController().signal });
const success = (value: number) => seriesOf("stash_appscode_com_backupsession_success", labels, value);
const duration = (value: number) => seriesOf("stash_appscode_com_backupsession_duration_seconds", labels, value);
const names = (samples: readonly string[]) => [...new Set(samples.map((line) => line.split("{")[0]))];

describe.skipIf(pushgatewayMissing() !== undefined)("a real Pushgateway", () => {
  test("shows both names with the invoker's labels and the group", async () => {
    await using gateway = await startPushgateway();
    const { url } = gateway;
    expect(await pushMetrics({ url, job, series: success(1), method: "POST" }, waiting())).toEqual({ pushed: true });
    const rest =
      'driver="Restic",instance="",invoker_kind="BackupConfiguration",invoker_name="sample",' +
      'job="backupconfiguration-demo-sample",namespace="demo",repository="gcs-repo"';
    expect((await gateway.samples()).filter((line) => !line.startsWith("push_"))).toEqual([
      `stash_appscode_com_backupsession_success{${rest}} 1`,
      `stash_backup_session_success{${rest}} 1`,
    ]);
    expect(await gateway.scrape()).toContain("# TYPE stash_appscode_com_backupsession_success gauge\n");
  });

  test("keeps other names at a POST, and only this group's new ones at a PUT", async () => {
    await using gateway = await startPushgateway();
    const { url } = gateway;
    const other = { url, job: "backupconfiguration-demo-other", series: success(1), method: "POST" } as const;
    await pushMetrics(other, waiting());
    await pushMetrics({ url, job, series: [...success(1), ...duration(3)], method: "POST" }, waiting());
    await pushMetrics({ url, job, series: success(0), method: "POST" }, waiting());
    const own = async () =>
      (await gateway.samples()).filter((line) => line.includes(`job="${job}"`) && !line.startsWith("push_"));
    expect((await own()).map((line) => line.replace(/\{.*\}/, ""))).toEqual([
      "stash_appscode_com_backupsession_duration_seconds 3",
      "stash_appscode_com_backupsession_success 0",
      "stash_backup_session_duration_seconds 3",
      "stash_backup_session_success 0",
    ]);
    await pushMetrics({ url, job, series: duration(4), method: "PUT" }, waiting());
    expect(names(await own())).toEqual([
      "stash_appscode_com_backupsession_duration_seconds",
      "stash_backup_session_duration_seconds",
    ]);
    expect(await deleteGroup({ url, job }, waiting())).toEqual({ deleted: true });
    expect(await deleteGroup({ url, job }, waiting())).toEqual({ deleted: true });
    expect(await own()).toEqual([]);
    expect(names(await gateway.samples())).toContain("stash_backup_session_success");
  });

  test("takes all of a host's figures, and a failure's leave none of the good ones", async () => {
    await using gateway = await startPushgateway();
    const { url } = gateway;
    const snapshots = [{ totalSize: "2.000 KiB", uploaded: "5 B", fileStats: { totalFiles: 3 } }];
    const good = hostSeries({ phase: "Succeeded", duration: "2s", snapshots }, { invoker, target });
    const bad = hostSeries({ phase: "Failed", duration: "1s" }, { invoker, target });
    for (const series of [good, bad]) {
      expect(await pushMetrics({ url, job, series, method: "POST" }, waiting())).toEqual({ pushed: true });
    }
    const samples = (await gateway.samples()).filter((line) => line.startsWith("stash_"));
    expect(samples).toHaveLength(18);
    expect([...new Set(samples.map((line) => line.split("} ")[1]))].sort()).toEqual(["0", "1"]);
  });

  test("is reached where the table of hosts says", async () => {
    await using gateway = await startPushgateway();
    const hosts = openHosts({ "stash.stash.svc:56789": gateway.url.replace("http://", "") });
    const push = { url: "http://stash.stash.svc:56789/", job, series: success(1), method: "POST" } as const;
    expect(await pushMetrics(push, { ...waiting(), hosts })).toEqual({ pushed: true });
    expect(names(await gateway.samples())).toContain("stash_backup_session_success");
  });

  test("says why it takes no figures", async () => {
    await using gateway = await startPushgateway();
    const { url } = gateway;
    const foreign = "# TYPE stash_backup_session_success counter\nstash_backup_session_success 1\n";
    await fetch(`${url}/metrics/job/foreign`, { method: "POST", body: foreign });
    const pushed = await pushMetrics({ url, job, series: success(1), method: "POST" }, waiting());
    expect(pushed).toEqual({
      pushed: false,
      reason: expect.stringMatching(/^the Pushgateway at 127\.0\.0\.1:\d+ answered 4\d\d/),
    });
  });
});

const closedPort = await freePort();

describe("a Pushgateway that does not do as it should", () => {
  test.each([
    ["an address that is none", "stash.stash.svc:56789", "the address of the Pushgateway is none"],
    [
      "nobody there",
      `http://user:secret@127.0.0.1:${closedPort}`,
      `the Pushgateway at 127.0.0.1:${closedPort} was not reached: connect ECONNREFUSED`,
    ],
    ["no such host", "http://nothing.invalid", "the Pushgateway at nothing.invalid was not reached: "],
  ])("%s", async (_title, url, reason) => {
    const pushed = await pushMetrics({ url, job, series: success(1), method: "POST" }, waiting());
    expect(pushed).toEqual({ pushed: false, reason: expect.stringContaining(reason) });
    expect(JSON.stringify(pushed)).not.toContain("secret");
  });

  test.each([
    ["tries a server error once more", [503, 202], { pushed: true }, 2],
    [
      "gives up after the second",
      [503, 500, 202],
      { pushed: false, reason: expect.stringMatching(/ answered 500: no$/) },
      2,
    ],
    [
      "takes a refusal for an answer",
      [400, 202],
      { pushed: false, reason: expect.stringMatching(/ answered 400: no$/) },
      1,
    ],
  ])("%s", async (_title, statuses, expected, requests) => {
    await using server = await answering((count) => statuses[count]);
    expect(await pushMetrics({ url: server.url, job, series: success(1), method: "POST" }, waiting())).toEqual(
      expected,
    );
    expect(server.count()).toBe(requests);
  });

  test("says that it was waited for in vain", async () => {
    await using server = await answering(() => undefined);
    const push = { url: server.url, job, series: success(1), method: "POST" } as const;
    const pushed = await pushMetrics(push, { ...waiting(), timeoutMs: 100 });
    expect(pushed).toEqual({ pushed: false, reason: expect.stringMatching(/ did not answer within 0\.1 s$/) });
  });

  test("does not hold up who wants to end", async () => {
    await using server = await answering(() => undefined);
    const push = { url: server.url, job, series: success(1), method: "POST" } as const;
    const failure = await failureOf(pushMetrics(push, { signal: AbortSignal.timeout(50) }));
    expect(failure.code).toBe("interrupted");
  });

  test("is asked nothing when there is nothing to say", async () => {
    expect(await pushMetrics({ url: "http://127.0.0.1:1", job, series: [], method: "POST" }, waiting())).toEqual({
      pushed: true,
    });
  });
});

/** Answers the nth request, counted from 0, with a status, or never. */
async function answering(statusOf: (count: number) => number | undefined) {
  let count = 0;
  const server = createServer((_request, response) => {
    const status = statusOf(count++);
    if (status !== undefined) response.writeHead(status).end("no\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    count: () => count,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
