/**
 * What the operator costs with many BackupConfigurations, on a real API server: time until all are Ready, memory, idle
 * CPU, and how soon a BackupSession has its Job. One JSON document on standard output. Processor seconds and requests do
 * not depend on what else the machine has to do, times do.
 *
 *   npm run bench:operator -- --configurations 1000 --sessions 20 --burst 100 --idle 30
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import pMap from "p-map";
import type { Cluster, Draft } from "../src/kube/cluster.ts";
import { jobs, secrets } from "../src/kube/core.ts";
import { follow } from "../src/kube/follow.ts";
import { type KubeObject, type Resource, resourceOf } from "../src/kube/resource.ts";
import { type Desk, image, openDesk } from "../tests/operator/desk.ts";
import { appBinding, backupConfiguration, repository, secret } from "../tests/operator/documents.ts";
import { controlPlaneMissing } from "../tests/support/control-plane.ts";
import { freePort } from "../tests/support/ports.ts";

const { values } = parseArgs({
  options: {
    configurations: { type: "string", default: "1000" },
    sessions: { type: "string", default: "20" },
    burst: { type: "string", default: "100" },
    idle: { type: "string", default: "30" },
  },
});
const size = {
  configurations: Number(values.configurations),
  /** Sessions made one after the other. */
  sessions: Number(values.sessions),
  /** Sessions made at once. */
  burst: Number(values.burst),
  idleSeconds: Number(values.idle),
};
const goals = { readySeconds: 25, memoryMiB: 150, idleCpuPercent: 2, jobMedianMs: 150, burstP99Ms: 5000 };
const waiting = { signal: new AbortController().signal };
const namespace = "bench";
const root = join(import.meta.dirname, "..");

const missing = controlPlaneMissing();
if (missing !== undefined) {
  console.error(`bench: ${missing}`);
  process.exit(15);
}
if (size.sessions + size.burst > size.configurations) {
  console.error("bench: every session needs a BackupConfiguration of its own: give more --configurations");
  process.exit(2);
}

await using desk = await openDesk();
await desk.plane.createNamespace(namespace);
const folder = await mkdtemp(join(tmpdir(), "coldstream-bench-"));
const metricsPort = await freePort();
const operator = await startOperator(desk, folder);
try {
  say(`operator runs (pid ${operator.pid}); making ${size.configurations} BackupConfigurations`);
  await sleep(3000);
  const memoryEmptyMiB = await memoryOf(operator, "VmRSS");
  const ready = await worked(() => measureReady(desk.cluster));
  say(`all Ready after ${ready.readySeconds} s`);
  const memoryReadyMiB = await memoryOf(operator, "VmRSS");
  const idle = await measureIdle(operator);
  say(`idle: ${idle.cpuPercent} % of a core`);
  const one = await worked(() => measureJobs(desk.cluster, { from: 0, count: size.sessions, concurrency: 1 }));
  const all = { from: size.sessions, count: size.burst, concurrency: size.burst };
  const burst = await worked(() => measureJobs(desk.cluster, all));
  const memory = {
    emptyMiB: memoryEmptyMiB,
    readyMiB: memoryReadyMiB,
    nowMiB: await memoryOf(operator, "VmRSS"),
    peakMiB: await memoryOf(operator, "VmHWM"),
  };
  const report = {
    machine: { cores: cpus().length, model: cpus()[0]?.model },
    size,
    ...{ goals, ready, memory, idle },
    sessionToJob: one,
    burst,
  };
  console.log(JSON.stringify(report, undefined, 2));
} finally {
  operator.kill("SIGTERM");
  if (operator.exitCode === null) await once(operator, "exit");
  await rm(folder, { recursive: true, force: true });
}

function say(text: string): void {
  console.error(`bench: ${text}`);
}

/** As people run it: what `npm run build` made, as a process of its own, with the rights of its own account. */
async function startOperator({ plane }: Desk, place: string): Promise<ChildProcess> {
  const token = await plane.createToken("coldstream", "coldstream-operator");
  const kubeconfig = join(place, "kubeconfig");
  const text = await readFile(plane.kubeconfig, "utf8");
  await writeFile(kubeconfig, text.replaceAll(plane.token, token));
  const flags = ["--kubeconfig", kubeconfig, "--image", image, "--namespace", "coldstream", "--leader-election", "off"];
  flags.push("--metrics-address", `127.0.0.1:${metricsPort}`);
  const args = [join(root, "dist/cli/main.js"), "operator", ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"], cwd: place });
  const [first] = await once(child.stderr, "data");
  if (child.exitCode !== null) throw new Error(`the operator ended: ${first}`);
  let last = "";
  child.stderr.on("data", (text: Buffer) => {
    last = text.toString("utf8");
  });
  child.on("exit", (code) => code !== 0 && say(`the operator ended with ${code}: ${last}`));
  return child;
}

async function measureReady(
  cluster: Cluster,
): Promise<{ readonly madeSeconds: number; readonly readySeconds: number }> {
  const configurations = resourceOf("BackupConfiguration");
  let readyCount = 0;
  const all = Promise.withResolvers<void>();
  const stop = new AbortController();
  const followed = follow(
    cluster,
    configurations,
    { namespace },
    {
      signal: stop.signal,
      onChange({ before, after }) {
        if (before?.status?.phase !== "Ready" && after?.status?.phase === "Ready") readyCount += 1;
        if (readyCount === size.configurations) all.resolve();
      },
    },
  );
  await followed.ready;
  await make(cluster, secrets, secret({ namespace }));
  await make(cluster, resourceOf("Repository"), repository({ namespace }));
  const numbers = Array.from({ length: size.configurations }, (_, index) => index);
  const begun = performance.now();
  await pMap(
    numbers,
    async (index) => {
      const name = nameOf(index);
      const ref = { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name };
      await make(cluster, resourceOf("AppBinding"), appBinding({ namespace, name }));
      await make(
        cluster,
        configurations,
        backupConfiguration({ namespace, name }, { schedule: "0 0 1 1 *", target: { ref } }),
      );
    },
    { concurrency: 16 },
  );
  const made = performance.now();
  await all.promise;
  const done = performance.now();
  stop.abort();
  return { madeSeconds: seconds(made - begun), readySeconds: seconds(done - begun) };
}

async function measureIdle({ pid }: ChildProcess): Promise<{ readonly cpuPercent: number }> {
  const before = await cpuSecondsOf(pid);
  await sleep(size.idleSeconds * 1000);
  const used = (await cpuSecondsOf(pid)) - before;
  return { cpuPercent: Math.round((used / size.idleSeconds) * 10_000) / 100 };
}

/** Milliseconds from the request that makes a BackupSession to the moment its Job is seen, of each. */
async function measureJobs(
  cluster: Cluster,
  { from, count, concurrency }: { readonly from: number; readonly count: number; readonly concurrency: number },
): Promise<{ readonly medianMs: number; readonly p99Ms: number }> {
  const seen = new Map<string, PromiseWithResolvers<number>>();
  const stop = new AbortController();
  const followed = follow(
    cluster,
    jobs,
    { namespace },
    {
      signal: stop.signal,
      onChange({ key, before, after }) {
        if (before === undefined && after !== undefined) seen.get(key.name)?.resolve(performance.now());
      },
    },
  );
  await followed.ready;
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  const times = await pMap(
    numbers,
    async (index) => {
      const name = `${nameOf(index)}-run`;
      const job = Promise.withResolvers<number>();
      seen.set(`stash-backup-${name}-0`, job);
      const begun = performance.now();
      const invoker = { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: nameOf(index) };
      await make(cluster, resourceOf("BackupSession"), { metadata: { namespace, name }, spec: { invoker } });
      return (await job.promise) - begun;
    },
    { concurrency },
  );
  stop.abort();
  return { medianMs: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}

async function make<T extends KubeObject>(cluster: Cluster, resource: Resource<T>, draft: object): Promise<void> {
  await cluster.create(resource, draft as Draft, waiting);
}

function nameOf(index: number): string {
  return `c${String(index).padStart(4, "0")}`;
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
}

async function memoryOf({ pid }: ChildProcess, field: "VmRSS" | "VmHWM"): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) / 1024);
}

interface Work {
  /** Processor time of each program meanwhile and for a few seconds more, in which what was begun comes to rest. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
  /** The operator's, by verb and resource. */
  readonly requests: Readonly<Record<string, number>>;
}

async function worked<T extends object>(measure: () => Promise<T>): Promise<T & Work> {
  const [cpuBefore, requestsBefore] = [await cpuSecondsOfAll(), await requestsSoFar()];
  const result = await measure();
  await sleep(5000);
  const [cpu, requests] = [await cpuSecondsOfAll(), await requestsSoFar()];
  return { ...result, cpuSeconds: gains(cpuBefore, cpu), requests: gains(requestsBefore, requests) };
}

function gains(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Record<string, number> {
  const gained = [...after].map(([name, value]) => [name, Math.round((value - (before.get(name) ?? 0)) * 100) / 100]);
  return Object.fromEntries(gained.filter(([, value]) => value !== 0));
}

/** Of the operator, the programs of the control plane and this one. */
async function cpuSecondsOfAll(): Promise<ReadonlyMap<string, number>> {
  const found = new Map([["bench", await cpuSecondsOf(process.pid)]]);
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const [name, parent] = (await readFile(`/proc/${pid}/status`, "utf8").catch(() => ""))
      .split("\n")
      .filter((line) => /^(Name|PPid):/.test(line))
      .map((line) => line.replace(/^.*:\s+/, ""));
    if (Number(parent) !== process.pid || name === undefined) continue;
    found.set(Number(pid) === operator.pid ? "operator" : name, await cpuSecondsOf(Number(pid)));
  }
  return found;
}

async function requestsSoFar(): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const lines = text.matchAll(/^coldstream_api_requests_total\{verb="(.*)",resource="(.*)"\} (\d+)$/gm);
  return new Map([...lines].map(([, verb, resource, count]) => [`${verb} ${resource}`, Number(count)]));
}

/** User and system time so far; a tick is a hundredth of a second. */
async function cpuSecondsOf(pid: number | undefined): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
