import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { pushgatewayMissing, startPushgateway } from "../../tests/support/pushgateway.ts";
import { silentLog } from "../kit/log.ts";
import { startGateway } from "./gateway.ts";
import { invokerLabels, pushJob } from "./labels.ts";
import { deleteGroup, pushMetrics } from "./push.ts";
import { hostSeries } from "./series.ts";
import { seriesOf } from "./table.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "coldstream-gateway-"));
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

async function startOwn(file = join(folder, "figures.json")) {
  const gateway = await startGateway({ host: "127.0.0.1", port: 0, file, log: silentLog });
  const url = `http://127.0.0.1:${gateway.port}`;
  const scrape = async () => await (await fetch(`${url}/metrics`)).text();
  return { url, scrape, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}

/** Sorted, without what a Pushgateway says of itself; times only as never or once. */
function shown(scraped: string): readonly string[] {
  const lines = scraped
    .split("\n")
    .filter((line) => !/^(# (HELP|TYPE) )?(go_|process_|pushgateway_|promhttp_)/.test(line));
  return lines.map((line) => line.replace(/^(push_\w+\{.*\}) [1-9].*/, "$1 TIME")).sort();
}

type Request = readonly [method: string, path: string, body?: string];

const requests: readonly Request[] = [
  [
    "POST",
    "/metrics/job/a",
    '# TYPE x counter\nx{b="1",a="2"} 3\n# HELP y help \\\\ of \\n y\n# TYPE y gauge\ny 4e3\n',
  ],
  [
    ...(["PUT", "/metrics/job/a/instance/i1"] as const),
    // the same help in all groups: of different ones the real program shows now this one, now that
    '# HELP y help \\\\ of \\n y\n# TYPE y gauge\ny{l="q\\"u\\\\o\\nte }, {"} NaN\ny{l="z",} +Inf\n',
  ],
  ["POST", "/metrics/job@base64/L3Zhci90bXA/empty@base64/=", "u 1\n"],
  ["POST", "/metrics/job/a/x/", "u\t1234567\nv{} -0.00001\nw 123456.5\nzero -0\n"],
  ["POST", "/metrics/job/a/x", "u 1\n"],
  ["POST", "/metrics/job/a/x-y/z", "u 1\n"],
  ["POST", "/metrics/job/a/__x/z", "u 1\n"],
  ["POST", "/metrics/job/cut", "u 1"],
  ["POST", "/metrics/job/bad", "u x\n"],
  ["POST", "/metrics/job/bad", "u{ 1\n"],
  ["POST", "/metrics/job/bad", 'u{a="1",a="2"} 1\n'],
  ["POST", "/metrics/job/bad", "# TYPE y foo\ny 1\n"],
  ["POST", "/metrics/job/bad", "# TYPE y gauge\n# TYPE y gauge\ny 1\n"],
  ["POST", "/metrics/job/bad", "y 1\n# TYPE y gauge\n"],
  ["POST", "/metrics/job/twice", "q 1\nq 2\n"],
  ["POST", "/metrics/job/other-type", "# TYPE x gauge\nx 1\n"],
  ["POST", "/metrics/job/own-label", 'w{job="mine",instance="ii"} 5\n'],
  ["POST", "/metrics/job/own-label/instance/ii", "w 6\n"],
  ["POST", "/metrics/job/nothing", ""],
  ["PUT", "/metrics/job/nothing-either", "# only a comment\n\n"],
  ["POST", "/metrics/job/times", "push_time_seconds 1\nanother 1\n"],
  [
    ...(["POST", "/metrics/job/shapes"] as const),
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n' +
      '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 3\ns_count 2\n',
  ],
  ["POST", "/metrics/job/names", "# TYPE one gauge\none 1\n# TYPE two gauge\ntwo 2\n"],
  ["POST", "/metrics/job/names", '# TYPE two gauge\ntwo{l="1"} 3\n'],
  ["PUT", "/metrics/job/whole", "# TYPE one gauge\none 1\n# TYPE two gauge\ntwo 2\n"],
  ["PUT", "/metrics/job/whole", "# TYPE two gauge\ntwo 4\n"],
  ["DELETE", "/metrics/job/times"],
  ["DELETE", "/metrics/job/never-there"],
  ["GET", "/metrics/job/a"],
  ["POST", "/metrics", "u 1\n"],
  ["GET", "/-/healthy"],
  ["GET", "/-/ready"],
  ["GET", "/nothing"],
];

describe.skipIf(pushgatewayMissing() !== undefined)("beside Prometheus' own Pushgateway", () => {
  test("answers the same requests with the same status, and shows the same", async () => {
    await using own = await startOwn();
    await using real = await startPushgateway();
    for (const [method, path, body] of requests) {
      const ask = async (url: string) => {
        const response = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body }) });
        return { request: `${method} ${path} ${body}`, status: response.status, said: await response.text() };
      };
      const [ours, theirs] = [await ask(own.url), await ask(real.url)];
      expect(ours).toMatchObject({ request: theirs.request, status: theirs.status });
      if (ours.status === 400) expect(ours.said).toMatch(/^[^\n]+[^.\n]\n$/);
    }
    expect(shown(await own.scrape())).toEqual(shown(await real.scrape()));
  });

  test("shows what our programs push as it does", async () => {
    await using own = await startOwn();
    await using real = await startPushgateway();
    const invoker = { kind: "BackupConfiguration", namespace: "demo", name: "sample", repository: "gcs-repo" };
    const target = { kind: "nats", group: "nats.io", name: 'sample "nats"\\' };
    const snapshots = [{ totalSize: "2.345 MiB", uploaded: "5 B", fileStats: { totalFiles: 3 } }];
    const series = [
      ...hostSeries({ phase: "Succeeded", duration: "1m2.5s", snapshots }, { invoker, target }),
      ...seriesOf("stash_appscode_com_backupsession_success", invokerLabels(invoker), 1),
    ];
    for (const { url } of [own, real]) {
      const push = { url, job: pushJob(invoker), series, method: "POST" } as const;
      const options = { signal: AbortSignal.timeout(10_000) };
      expect(await pushMetrics(push, options)).toEqual({ pushed: true });
      expect(await pushMetrics({ ...push, job: "gone" }, options)).toEqual({ pushed: true });
      expect(await deleteGroup({ url, job: "gone" }, options)).toEqual({ deleted: true });
    }
    expect(shown(await own.scrape())).toEqual(shown(await real.scrape()));
    expect(shown(await own.scrape()).length).toBeGreaterThan(30);
  });
});

describe("the file", () => {
  const push = async (url: string, body: string) => await fetch(`${url}/metrics/job/a`, { method: "POST", body });

  test("has what was pushed when the next one begins", async () => {
    let before: string;
    {
      await using own = await startOwn();
      await push(own.url, "# HELP y why\n# TYPE y gauge\ny NaN\n");
      before = await own.scrape();
    }
    await using own = await startOwn();
    expect(await own.scrape()).toBe(before);
    expect(before).toContain('y{instance="",job="a"} NaN\n');
  });

  test("is put aside when it cannot be read", async () => {
    const file = join(folder, "figures.json");
    await writeFile(file, '{"format":1,"groups":[{');
    await using own = await startOwn(file);
    expect(await own.scrape()).toBe("");
    expect(await readFile(`${file}.unreadable`, "utf8")).toContain('"format":1');
  });

  test("may be impossible to write: figures are served all the same", async () => {
    await using own = await startOwn(join(folder, "no/such/folder/figures.json"));
    expect((await push(own.url, "y 1\n")).status).toBe(200);
    expect(await own.scrape()).toContain('y{instance="",job="a"} 1\n');
  });
});

test.each([
  ["protobuf", { "content-type": "application/vnd.google.protobuf" }, "u 1\n", 415],
  ["gzip", { "content-encoding": "gzip" }, "u 1\n", 415],
  ["five megabytes", {}, "# a comment\n".repeat(450_000), 413],
])("does not take %s", async (_title, headers, body, status) => {
  await using own = await startOwn();
  expect((await fetch(`${own.url}/metrics/job/a`, { method: "POST", body, headers })).status).toBe(status);
  expect(await own.scrape()).toBe("");
});

test("says where it cannot listen", async () => {
  await using own = await startOwn();
  const port = Number(new URL(own.url).port);
  const options = { host: "127.0.0.1", port, file: join(folder, "other.json"), log: silentLog };
  expect(await failureOf(startGateway(options))).toMatchObject({
    code: "configuration-invalid",
    message: `serving the Pushgateway on 127.0.0.1:${port}`,
  });
});
