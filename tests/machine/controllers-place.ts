import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jsonLog } from "../../src/kit/log.ts";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster } from "../../src/kube/cluster.ts";
import { events, namespaces, serviceAccounts } from "../../src/kube/core.ts";
import type { KubeObject, Resource } from "../../src/kube/resource.ts";
import type { ClusterSettings } from "../../src/kube/settings.ts";
import { type Controllers, type ControllersOptions, startControllers } from "../../src/machine/controllers.ts";
import { type JobPod, jobPods, type MachineJob, machineJobs } from "../../src/machine/job/job.ts";
import { type Runner, type RunnerOptions, startRunner } from "../../src/machine/runner.ts";
import { eventually } from "../support/eventually.ts";

/** An API server without controllers: Kubernetes' own, or ours. */
export interface Server extends AsyncDisposable {
  /** Path. */
  readonly kubeconfig: string;
  /** What it serves. */
  readonly kinds: readonly Resource<KubeObject>[];
  readonly settings: ClusterSettings;
  readonly ca: string;
}

export const namespace = "demo";
export const image = "coldstream.test/coldstream:1";

const log = jsonLog(
  (line) => process.stderr.write(line),
  () => new Date(),
);

/** A server with one namespace, and what a test needs to start controllers and pods, and to look at what they do. */
export interface ControllersPlace extends AsyncDisposable {
  readonly server: Server;
  readonly cluster: Cluster;
  readonly signal: AbortSignal;
  /** Started, and the namespace is furnished. */
  controllers(options?: Partial<ControllersOptions>): Promise<Controllers>;
  runner(options?: Partial<RunnerOptions>): Promise<Runner>;
  create<T extends KubeObject>(resource: Resource<T>, name: string, rest: object, metadata?: object): Promise<T>;
  job(name: string, is: (job: MachineJob) => boolean): Promise<MachineJob>;
  podsOf(job: string): Promise<readonly JobPod[]>;
  /** Reasons of events about it, in order. */
  reasons(name: string): Promise<readonly string[]>;
}

export async function openControllersPlace(server: Server): Promise<ControllersPlace> {
  const folder = await mkdtemp(join(tmpdir(), "coldstream-controllers-"));
  const cluster = openCluster(server.settings);
  const { signal } = new AbortController();
  await cluster.create(namespaces, { metadata: { name: namespace } }, { signal });
  return {
    ...{ server, cluster, signal },
    async controllers(options = {}) {
      const jobBackOff = { firstMs: 300, mostMs: 300 };
      const started = await startControllers(cluster, {
        signal,
        log,
        authority: server.ca,
        kinds: server.kinds,
        jobBackOff,
        ...options,
      });
      await eventually("the ServiceAccount", () =>
        cluster.get(serviceAccounts, { namespace, name: "default" }, { signal }),
      );
      return started;
    },
    runner: async (options = {}) =>
      await startRunner(cluster, {
        ...{ node: "machine-a", folder, image, signal, log, entry: ["/bin/sh", "-c"], shutdownGraceMs: 500 },
        environment: { PATH: "/usr/bin:/bin" },
        ...options,
      }),
    create: async (resource, name, rest, metadata = {}) =>
      await cluster.create(resource, { metadata: { name, namespace, ...metadata }, ...rest }, { signal }),
    job: async (name, is) =>
      await eventually(
        `Job ${name}`,
        async () => {
          const job = await cluster.get(machineJobs, { namespace, name }, { signal });
          return job !== undefined && is(job) && job;
        },
        { timeoutMs: 20_000 },
      ),
    podsOf: async (job) =>
      (await cluster.list(jobPods, { namespace, labelSelector: `batch.kubernetes.io/job-name=${job}` }, { signal }))
        .items,
    async reasons(name) {
      const { items } = await cluster.list(
        events,
        { namespace, fieldSelector: `involvedObject.name=${name}` },
        { signal },
      );
      return items.map(({ reason = "" }) => reason);
    },
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A Job whose pods run `script`. */
export function jobSpec(script: string, spec: object = {}, pod: object = {}) {
  const containers = [{ name: "main", image, args: [script] }];
  const template = { spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers, ...pod } };
  return { spec: { backoffLimit: 0, template, ...spec } };
}

export function isTrue(type: string, reason?: string) {
  return ({ status }: MachineJob) =>
    (status?.conditions ?? []).some(
      (one) => one.type === type && one.status === "True" && (reason === undefined || one.reason === reason),
    );
}
