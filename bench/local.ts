/**
 * What `coldstream up` costs: with many objects (lists, watches, start-up, memory), and with many Jobs (of /bin/true, and of
 * one of our own tasks), from the request that makes the first to the moment when neither Jobs, pods, folders nor processes
 * are left. One JSON document on standard output. Processor seconds and requests do not depend on what else the machine has
 * to do, times do: what the processor seconds alone allow a minute on two cores is said beside what there was.
 *
 *   npm run bench:local -- --objects 10000 --jobs 500 --tasks 125 --profile DIR
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import pMap from "p-map";
import { openCluster } from "../src/kube/client.ts";
import type { Cluster, Draft } from "../src/kube/cluster.ts";
import { configMaps, cronJobs, jobs, namespaces, pods, secrets, serviceAccounts } from "../src/kube/core.ts";
import { follow } from "../src/kube/follow.ts";
import { type KubeObject, type Resource, resourceOf } from "../src/kube/resource.ts";
import { type ClusterSettings, usualLimits } from "../src/kube/settings.ts";
import { openTransport, readBody } from "../src/kube/transport.ts";
import { appBinding, backupConfiguration, repository, secret } from "../tests/operator/documents.ts";

const { values } = parseArgs({
  options: {
    objects: { type: "string", default: "10000" },
    jobs: { type: "string", default: "500" },
    tasks: { type: "string", default: "125" },
    /** Folder for processor profiles of the machine's process. */
    profile: { type: "string" },
  },
});
const size = { objects: Number(values.objects), jobs: Number(values.jobs), tasks: Number(values.tasks) };
/** So many Jobs are there at once: enough that nothing waits for the bench. */
const atOnce = { jobs: 16, tasks: 4 };
const goals = {
  ...{ listMs: 200, watchMedianMs: 50, startSeconds: 2, memoryMiB: 250 },
  ...{ jobsPerMinute: 1000, tasksPerMinute: 250, cores: 2, left: 0 },
};
const waiting = { signal: new AbortController().signal };
const namespace = "bench";
const data = await mkdtemp(join(tmpdir(), "coldstream-bench-"));

try {
  const report = { machine: { cores: cpus().length, model: cpus()[0]?.model }, size, goals };
  const objects = size.objects > 0 ? await measureObjects() : undefined;
  const run = size.jobs + size.tasks > 0 ? await measureRuns() : {};
  console.log(JSON.stringify({ ...report, objects, ...run }, undefined, 2));
} finally {
  await rm(data, { recursive: true, force: true });
}

function say(text: string): void {
  console.error(`bench: ${text}`);
}

interface Machine extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly settings: ClusterSettings;
  readonly cluster: Cluster;
  /** From the start of the process to the moment when all of it is ready. */
  readonly startSeconds: number;
  readonly startCpuSeconds: number;
  requests(): Promise<Readonly<Record<string, number>>>;
}

/** As people run it: what `npm run build` made, as a process of its own. */
async function startMachine(folder: string): Promise<Machine> {
  const profile = values.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${values.profile}`];
  const args = ["--disable-warning=ExperimentalWarning", ...profile, join(import.meta.dirname, "local-machine.mjs")];
  const begun = performance.now();
  const child = spawn(process.execPath, [...args, folder], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const settings = await messageOf<ClusterSettings>(child);
  const startSeconds = hundredths((performance.now() - begun) / 1000);
  const startCpuSeconds = (await cpuSecondsOf(child)).own;
  const cluster = openCluster(settings);
  return {
    ...{ child, settings, cluster, startSeconds, startCpuSeconds },
    async requests() {
      child.send("requests");
      return await messageOf(child);
    },
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

async function messageOf<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  try {
    const [message] = await Promise.race([
      once(child, "message", ended),
      once(child, "exit", ended).then(([code]) => {
        throw new Error(`the machine ended with ${code}`);
      }),
    ]);
    return message as T;
  } finally {
    ended.abort();
  }
}

async function measureObjects() {
  const first = await startMachine(data);
  let made: Awaited<ReturnType<typeof makeObjects>>;
  try {
    await make(first.cluster, namespaces, { metadata: { name: namespace } });
    made = await makeObjects(first);
  } finally {
    await first[Symbol.asyncDispose]();
  }
  await using machine = await startMachine(data);
  const { startSeconds, startCpuSeconds, child } = machine;
  say(`started with ${size.objects} objects in ${startSeconds} s`);
  const memoryStartedMiB = await memoryOf(child, "VmRSS");
  const list = await measureLists(machine);
  const watch = await measureWatch(machine.cluster);
  await sleep(3000);
  const memory = {
    startedMiB: memoryStartedMiB,
    nowMiB: await memoryOf(child, "VmRSS"),
    peakMiB: await memoryOf(child, "VmHWM"),
  };
  return { made, start: { seconds: startSeconds, cpuSeconds: startCpuSeconds }, list, watch, memory };
}

/** About as large as a BackupSession that has ended. */
async function makeObjects({ cluster, child }: Machine) {
  const before = await cpuSecondsOf(child);
  const begun = performance.now();
  const text = "x".repeat(1500);
  await pMap(
    Array.from({ length: size.objects }, (_, index) => index),
    async (index) => {
      const metadata = { namespace, name: nameOf(index), labels: { "app.kubernetes.io/name": "bench" } };
      await make(cluster, configMaps, { metadata, data: { text } });
    },
    { concurrency: 16 },
  );
  const { own } = await cpuSecondsOf(child);
  const report = { seconds: tenths((performance.now() - begun) / 1000), cpuSeconds: hundredths(own - before.own) };
  say(`made ${size.objects} objects in ${report.seconds} s`);
  return { ...report, memoryMiB: await memoryOf(child, "VmRSS"), memoryPeakMiB: await memoryOf(child, "VmHWM") };
}

/** All objects in one answer, read to its end but not parsed. */
async function measureLists({ settings, child }: Machine) {
  const transport = openTransport(settings, usualLimits, "bench");
  const times: number[] = [];
  const before = await cpuSecondsOf(child);
  const count = 10;
  for (let index = 0; index < count; index++) {
    const begun = performance.now();
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const answer = await transport.send({ method: "GET", path }, waiting);
    const text = await readBody(answer, usualLimits.answerBytes);
    times.push(performance.now() - begun);
    if (text.length < size.objects * 1500) throw new Error(`a list of ${text.length} bytes lacks objects`);
  }
  transport.close();
  const { own } = await cpuSecondsOf(child);
  const cpuMs = Math.round(((own - before.own) / count) * 1000);
  return { firstMs: Math.round(times[0] ?? Number.NaN), medianMs: quantile(times, 0.5), cpuMs };
}

/** From the request that changes an object to the moment when a watcher of all of them has the event. */
async function measureWatch(cluster: Cluster) {
  const expected = new Map<string, PromiseWithResolvers<number>>();
  const stop = new AbortController();
  const followed = follow(
    cluster,
    configMaps,
    { namespace },
    {
      signal: stop.signal,
      onChange: ({ before, after }) =>
        before !== undefined && expected.get(after?.metadata.name ?? "")?.resolve(performance.now()),
    },
  );
  await followed.ready;
  const times: number[] = [];
  for (let index = 0; index < 200; index++) {
    const seen = Promise.withResolvers<number>();
    expected.set(nameOf(index), seen);
    const begun = performance.now();
    await cluster.patch(
      configMaps,
      { namespace, name: nameOf(index) },
      { ...waiting, merge: { data: { seen: "yes" } } },
    );
    times.push((await seen.promise) - begun);
  }
  stop.abort();
  return { medianMs: tenths(quantile(times, 0.5, 10)), p99Ms: tenths(quantile(times, 0.99, 10)) };
}

async function measureRuns() {
  const folder = join(data, "runs");
  await using machine = await startMachine(folder);
  await make(machine.cluster, namespaces, { metadata: { name: namespace } });
  await there(machine.cluster, serviceAccounts, "default");
  const trueJobs = size.jobs > 0 ? await measureJobs(machine, folder, size.jobs, atOnce.jobs, trueJob) : undefined;
  if (size.tasks === 0) return { jobs: trueJobs };
  const template = await taskTemplate(machine.cluster);
  const named = { ...template, first: 29_000_000 };
  const tasks = await measureJobs(machine, folder, size.tasks, atOnce.tasks, (index) => taskJob(named, index));
  return { jobs: trueJobs, tasks, memory: { peakMiB: await memoryOf(machine.child, "VmHWM") } };
}

/** Gone as soon as it has ended. */
function trueJob(index: number): object {
  const container = { name: "main", image: "coldstream", command: ["/bin/true"] };
  const spec = { restartPolicy: "Never", containers: [container] };
  return {
    metadata: { namespace, name: nameOf(index) },
    spec: { backoffLimit: 0, ttlSecondsAfterFinished: 0, template: { spec } },
  };
}

interface TaskTemplate {
  readonly name: string;
  readonly jobTemplate: { readonly metadata?: object; readonly spec?: object };
}

/** What the CronJob of a BackupConfiguration runs: create-backupsession. The repository then goes, so no backup follows. */
async function taskTemplate(cluster: Cluster): Promise<TaskTemplate> {
  await make(cluster, secrets, secret({ namespace }));
  await make(cluster, resourceOf("AppBinding"), appBinding({ namespace }));
  await make(cluster, resourceOf("Repository"), repository({ namespace }));
  await make(cluster, resourceOf("BackupConfiguration"), backupConfiguration({ namespace }, { schedule: "0 0 1 1 *" }));
  const name = "stash-trigger-sample-nats-backup";
  const { spec } = await there(cluster, cronJobs, name);
  await cluster.remove(resourceOf("Repository"), { namespace, name: "s3-repo" }, waiting);
  await sleep(2000);
  return { name, jobTemplate: spec?.["jobTemplate"] as TaskTemplate["jobTemplate"] };
}

/** Named as a CronJob names it, each for a minute of its own. */
function taskJob({ name, jobTemplate, first }: TaskTemplate & { readonly first: number }, index: number): object {
  return {
    metadata: { ...jobTemplate.metadata, namespace, name: `${name}-${first + index}` },
    spec: { ...jobTemplate.spec, ttlSecondsAfterFinished: 0 },
  };
}

async function measureJobs(
  machine: Machine,
  folder: string,
  count: number,
  concurrency: number,
  draftOf: (index: number) => object,
) {
  const { cluster, child } = machine;
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const present = { jobs: 0, pods: 0 };
  const stop = new AbortController();
  const failed: string[] = [];
  const followed = [
    follow(
      cluster,
      jobs,
      { namespace },
      {
        signal: stop.signal,
        onChange: ({ before, after, key }) => {
          present.jobs += Number(after !== undefined) - Number(before !== undefined);
          const conditions = after?.status?.conditions ?? [];
          const has = (wanted: string) => conditions.some(({ type, status }) => type === wanted && status === "True");
          if (has("Failed")) failed.push(key.name);
          if (after === undefined || has("Complete") || has("Failed")) ends.get(key.name)?.resolve();
        },
      },
    ),
    follow(
      cluster,
      pods,
      { namespace },
      {
        signal: stop.signal,
        onChange: ({ before, after }) => {
          present.pods += Number(after !== undefined) - Number(before !== undefined);
        },
      },
    ),
  ];
  await Promise.all(followed.map(({ ready }) => ready));
  const [cpuBefore, requestsBefore] = [await cpuSecondsOf(child), await machine.requests()];
  const begun = performance.now();
  const times = await pMap(
    Array.from({ length: count }, (_, index) => index),
    async (index) => {
      const draft = draftOf(index) as Draft;
      const ended = Promise.withResolvers<void>();
      ends.set(draft.metadata.name ?? "", ended);
      const begun = performance.now();
      await make(cluster, jobs, draft);
      await ended.promise;
      return performance.now() - begun;
    },
    { concurrency },
  );
  const left = await untilGone(async () => ({
    ...present,
    folders: (await readdir(join(folder, "machine/pods")).catch(() => [])).length,
    processes: (await processesBelow(folder)).length,
  }));
  const seconds = (performance.now() - begun) / 1000;
  const [cpu, requests] = [await cpuSecondsOf(child), await machine.requests()];
  stop.abort();
  const perJob = { machine: (cpu.own - cpuBefore.own) / count, pods: (cpu.children - cpuBefore.children) / count };
  const report = {
    ...{ count, failed: failed.length, seconds: tenths(seconds), perMinute: Math.round((count / seconds) * 60) },
    ...{ medianMs: quantile(times, 0.5), p99Ms: quantile(times, 0.99), left },
    cpuMsPerJob: { machine: tenths(perJob.machine * 1000), pods: tenths(perJob.pods * 1000) },
    /** The machine's process keeps one core busy at most. */
    processorAllowsPerMinute: Math.floor(
      Math.min(60 / perJob.machine, (60 * goals.cores) / (perJob.machine + perJob.pods)),
    ),
    requestsPerJob: perEach(requestsBefore, requests, count),
  };
  say(`${count} Jobs: ${report.perMinute} a minute, ${JSON.stringify(report.cpuMsPerJob)} ms of processor each`);
  return report;
}

/** What is left after a while: nothing, when all is well. */
async function untilGone<T extends Readonly<Record<string, number>>>(look: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const left = await look();
    if (Object.values(left).every((count) => count === 0) || performance.now() > deadline) return left;
    await sleep(50);
  }
}

/** Containers' processes: their command line or surroundings name the folder. */
async function processesBelow(folder: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const surroundings = await readFile(`/proc/${name}/environ`, "utf8").catch(() => "");
    if (surroundings.includes(join(folder, "machine/pods"))) found.push(Number(name));
  }
  return found;
}

async function there<T extends KubeObject>(cluster: Cluster, resource: Resource<T>, name: string): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await cluster.get(resource, { namespace, name }, waiting);
    if (found !== undefined) return found;
    await sleep(100);
  }
  throw new Error(`${resource.kind} ${name} does not come`);
}

async function make<T extends KubeObject>(cluster: Cluster, resource: Resource<T>, draft: object): Promise<void> {
  await cluster.create(resource, draft as Draft, waiting);
}

function nameOf(index: number): string {
  return `c${String(index).padStart(5, "0")}`;
}

function perEach(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  count: number,
): Record<string, number> {
  const gained = Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)] as const);
  const all = gained.reduce((sum, [, value]) => sum + value, 0);
  const most = gained.toSorted((a, b) => b[1] - a[1]).filter(([, value]) => value >= count / 50);
  return Object.fromEntries([["all", all] as const, ...most].map(([name, value]) => [name, hundredths(value / count)]));
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

function quantile(all: readonly number[], share: number, parts = 1): number {
  const sorted = [...all].sort((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return Math.round(found * parts) / parts;
}

async function memoryOf({ pid }: ChildProcess, field: "VmRSS" | "VmHWM"): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) / 1024);
}

/** User and system time so far, of the process and of those below it that have ended; a tick is a hundredth of a second. */
async function cpuSecondsOf({ pid }: ChildProcess): Promise<{ readonly own: number; readonly children: number }> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8"))
    .replace(/^.*\) /, "")
    .split(" ")
    .map(Number);
  const [own, system, children, childrenSystem] = fields.slice(11, 15);
  return {
    own: ((own ?? 0) + (system ?? 0)) / 100,
    children: ((children ?? 0) + (childrenSystem ?? 0)) / 100,
  };
}
