/** What the guide for one machine says is typed in, in order, against a real `coldstream up`; so are the files beside it. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { findProgram } from "../support/programs.ts";
import { openSandbox, runDocument, type Sandbox } from "./sandbox.ts";

const guide = "docs/guides/one-machine.md";
const missing = ["kubectl", "curl", "restic"].filter((name) => findProgram(name) === undefined);

let sandbox: Sandbox;
beforeAll(async () => {
  const opened = await openSandbox();
  const [api, metrics, pushgateway] = [await freePort(), await freePort(), await freePort()];
  const listening = `--listen 127.0.0.1:${api} --metrics-address 127.0.0.1:${metrics} --pushgateway-address 127.0.0.1:${pushgateway}`;
  // in a reader's other terminal; who starts it again has ended it before
  const inBackground = (data: string) => `stop_up
coldstream up --data ${data} ${listening} > up.out 2>&1 & echo $! > up.pid
for i in $(seq 300); do ! grep -q "Ctrl-C ends" up.out || break; kill -0 "$(cat up.pid)"; sleep 0.1; done
`;
  const stop = `stop_up() {
  [ ! -e up.pid ] || { kill -INT "$(cat up.pid)"; while kill -0 "$(cat up.pid)" 2>/dev/null; do sleep 0.1; done; rm up.pid; }
}
`;
  const words = {
    "coldstream up --data data\n": stop + inBackground("data"),
    "coldstream up --data data-restored\n": stop + inBackground("data-restored"),
    "/mnt/backups/nats": join(opened.home, "repository"),
    "127.0.0.1:7443": `127.0.0.1:${api}`,
    "127.0.0.1:7444": `127.0.0.1:${metrics}`,
    "127.0.0.1:9091": `127.0.0.1:${pushgateway}`,
  };
  sandbox = { ...opened, surroundings: { words }, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}, 60_000);
afterAll(async () => {
  const pid = Number(await readFile(join(sandbox.home, "up.pid"), "utf8").catch(() => "0"));
  if (pid > 0) await end(pid);
  await sandbox?.[Symbol.asyncDispose]();
}, 60_000);

test.skipIf(missing.length > 0)(`the commands in ${guide} do what it says`, { timeout: 240_000 }, async () => {
  expect(await runDocument(guide, sandbox)).toBeGreaterThan(10);
});

async function end(pid: number): Promise<void> {
  const script = 'kill -INT "$0"; while kill -0 "$0" 2>/dev/null; do sleep 0.1; done';
  await promisify(execFile)("sh", ["-c", script, String(pid)]).catch(() => undefined);
}
