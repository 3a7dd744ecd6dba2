import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jsonLog } from "../../src/kit/log.ts";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster } from "../../src/kube/cluster.ts";
import { jobs } from "../../src/kube/core.ts";
import { type MachinePod, machinePods } from "../../src/machine/pod.ts";
import { type Runner, type RunnerOptions, startRunner } from "../../src/machine/runner.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { kubectl } from "../support/kubectl.ts";
import { type FollowedLog, followLog } from "./followed-log.ts";

export const image = "coldstream.test/coldstream:1";
export const node = "machine-a";

/** A control plane, a folder, and shortcuts; a runner is started by those who want one. */
export interface MachinePlace extends AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly cluster: Cluster;
  readonly folder: string;
  start(changes?: Partial<RunnerOptions>): Promise<Runner>;
  kubectl(...args: readonly string[]): Promise<string>;
  /** `kubectl logs -f` of a pod, from its first line on. */
  follow(pod: string): Promise<FollowedLog>;
  apply(object: object): Promise<void>;
  /** Waits for what the pod becomes. */
  pod(name: string, is: (pod: MachinePod) => boolean): Promise<MachinePod>;
  /** Waits for a Job's pod. */
  podOf(job: string, is: (pod: MachinePod) => boolean): Promise<MachinePod>;
  /** Waits for a Job's condition. */
  job(name: string, condition: string): Promise<void>;
}

export const namespace = "demo";

export async function openMachinePlace(): Promise<MachinePlace> {
  const controlPlane = await startControlPlane();
  const folder = await mkdtemp(join(tmpdir(), "coldstream-machine-"));
  const cluster = openCluster(controlPlane.settings);
  const signal = new AbortController().signal;
  await controlPlane.createNamespace(namespace);
  const pods = async () => (await cluster.list(machinePods, { namespace }, { signal })).items;
  return {
    ...{ controlPlane, cluster, folder },
    async start(changes = {}) {
      return await startRunner(cluster, {
        ...{ node, folder, image, signal, entry: ["/bin/sh", "-c"], environment: { PATH: "/usr/bin:/bin" } },
        log: jsonLog(
          (line) => process.stderr.write(line),
          () => new Date(),
        ),
        ...changes,
      });
    },
    async kubectl(...args) {
      const end = await kubectl(controlPlane, ["-n", namespace, ...args]);
      if (end.exit !== 0) throw new Error(`kubectl ${args.join(" ")}: ${end.stderr}`);
      return end.stdout;
    },
    follow: async (pod) => await followLog(controlPlane, ["-n", namespace, "logs", "-f", pod]),
    apply: async (object) => await controlPlane.apply(JSON.stringify(object)),
    pod: async (name, is) =>
      await until(`pod ${name}`, async () => (await pods()).find((pod) => pod.metadata.name === name && is(pod)), pods),
    podOf: async (job, is) => {
      const isOf = (pod: MachinePod) => pod.metadata.labels?.["batch.kubernetes.io/job-name"] === job;
      return await until(`a pod of ${job}`, async () => (await pods()).find((pod) => isOf(pod) && is(pod)), pods);
    },
    job: async (name, condition) => {
      const read = async () => await cluster.get(jobs, { namespace, name }, { signal });
      await until(
        `${name} ${condition}`,
        async () =>
          (await read())?.status?.conditions?.find(({ type, status }) => type === condition && status === "True"),
        read,
      );
    },
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await controlPlane.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function until<T>(what: string, look: () => Promise<T | undefined>, tell: () => Promise<unknown>): Promise<T> {
  const started = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() - started > 30_000)
      throw new Error(`${what} does not come: ${JSON.stringify(await tell(), null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** For a script that waits until the test wants it to go on: until it has made this file. */
export const untilThere = (path: string) => `while [ ! -e "${path}" ]; do sleep 0.05; done`;

/** A pod whose containers run these scripts. */
export function podDocument(name: string, script: string, more: object = {}, container: object = {}) {
  return {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name, namespace } },
    spec: {
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 2,
      containers: [{ name: "main", image, args: [script], ...container }],
      ...more,
    },
  };
}

export function jobDocument(name: string, spec: object, more: object = {}) {
  return {
    ...{ apiVersion: "batch/v1", kind: "Job", metadata: { name, namespace } },
    spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", ...spec } }, ...more },
  };
}

export const isOver = (pod: MachinePod) => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
export const isRunning = (pod: MachinePod) => pod.status?.phase === "Running";

export function mainOf(pod: MachinePod) {
  return pod.status?.containerStatuses?.find(({ name }) => name === "main");
}
