/** Where no Pushgateway is installed, `coldstream up` serves what one would. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { startPushgateway } from "../../src/cli/up/pushgateway.ts";
import { silentLog } from "../../src/kit/log.ts";
import { pushMetrics } from "../../src/metrics/push.ts";
import { seriesOf } from "../../src/metrics/table.ts";
import { failureOf } from "../support/failure-of.ts";
import { findProgram } from "../support/programs.ts";

const program = findProgram("prometheus-pushgateway");
const ways = [
  ...(program === undefined ? [] : [["the program", `${dirname(program)}:/usr/bin:/bin`, false] as const]),
  ["our own", "/nowhere", true] as const,
];
const labels = {
  invoker_kind: "BackupConfiguration",
  invoker_name: "a",
  namespace: "demo",
  driver: "Restic",
  repository: "r",
};

test.each(ways)("%s keeps its figures over a restart, on the port that was asked for", async (_title, path, isOwn) => {
  const folder = await mkdtemp(join(tmpdir(), "coldstream-up-pushgateway-"));
  const start = async (port: number) =>
    await startPushgateway({ listen: { host: "127.0.0.1", port }, folder, path, log: silentLog });
  try {
    let port: number;
    {
      await using first = await start(0);
      port = Number(new URL(first.url).port);
      const series = seriesOf("stash_appscode_com_backupsession_success", labels, 1);
      const push = { url: first.url, job: "a", series, method: "POST" } as const;
      expect(await pushMetrics(push, { signal: AbortSignal.timeout(10_000) })).toEqual({ pushed: true });
    }
    await using second = await start(port);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toMatch(/^stash_appscode_com_backupsession_success\{.*job="a".*\} 1$/m);
    expect(second.isOwn).toBe(isOwn);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.each(ways)("%s: a port that is taken is named, and the option for another", async (_title, path) => {
  const folder = await mkdtemp(join(tmpdir(), "coldstream-up-pushgateway-"));
  const taken = createServer().listen(0, "127.0.0.1");
  try {
    await new Promise((resolve) => taken.once("listening", resolve));
    const address = taken.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const started = startPushgateway({ listen: { host: "127.0.0.1", port }, folder, path, log: silentLog });
    expect(await failureOf(started)).toMatchObject({
      code: "configuration-invalid",
      message: `starting the Pushgateway on 127.0.0.1:${port}`,
      cause: { message: expect.stringContaining("address already in use") },
      hint: expect.stringContaining("--pushgateway-address"),
    });
  } finally {
    taken.close();
    await rm(folder, { recursive: true, force: true });
  }
});
