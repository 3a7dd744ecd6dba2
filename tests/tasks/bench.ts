import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BackupSession } from "../../src/api/backup-session.ts";
import type { RepositoryStatus } from "../../src/api/repository.ts";
import type { RestoreSession } from "../../src/api/restore-session.ts";
import { reportKey, SessionReport } from "../../src/api/session-report.ts";
import { runProgram, startProgram } from "../../src/kit/program.ts";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster, Draft } from "../../src/kube/cluster.ts";
import { clusterRoleBindings, configMaps, secrets, serviceAccounts } from "../../src/kube/core.ts";
import { type KubeObject, type Resource, resourceOf } from "../../src/kube/resource.ts";
import { openRepository, type Repository } from "../../src/repository/restic.ts";
import { programPath } from "../cli/workbench.ts";
import { layCheapRepository } from "../support/cheap-repository.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { compiledOnce, findProgram } from "../support/programs.ts";
import { programEnvironment } from "../support/restic.ts";

const root = join(import.meta.dirname, "../..");
const { signal } = new AbortController();
export const namespace = "demo";
export const password = "correct horse";

export interface TaskEnd {
  readonly exit: number | undefined;
  /** The log, one document a line, and the failure that ended it. */
  readonly stderr: string;
}

/** A pod's folders on this machine, and what runs in it. */
export interface PodBench {
  readonly folder: string;
  /** Runs a program to its end, as the pod of a Job would. */
  task(name: string, flags: Readonly<Record<string, string>>, env?: Readonly<Record<string, string>>): Promise<TaskEnd>;
  /** Starts it, to be ended. */
  start(name: string, flags: Readonly<Record<string, string>>): Promise<Awaited<ReturnType<typeof startProgram>>>;
  output(): Promise<{ readonly targetStatus: Record<string, unknown>; readonly streams: readonly unknown[] }>;
}

export interface TaskBench extends AsyncDisposable {
  readonly folder: string;
  readonly plane: ControlPlane;
  readonly cluster: Cluster;
  create(kind: Parameters<typeof resourceOf>[0], draft: Draft): Promise<KubeObject>;
  secret(name: string, values: Readonly<Record<string, string>>): Promise<void>;
  /** A Repository in a folder of its own, with its Secret; returns restic's view of it. `isEmpty`: nothing is in it yet. */
  localRepository(name: string, options?: { readonly isEmpty?: boolean }): Promise<Repository>;
  /** AppBinding `name` of the service `name`, which is reached at `port` on this machine. */
  binding(name: string, port: number, more?: object): Promise<void>;
  configuration(
    name: string,
    of: { readonly repository: string; readonly binding: string; readonly retention?: object },
  ): Promise<void>;
  /** A BackupSession as the operator leaves it before it makes the Job, and the flags for its programs. */
  session(
    name: string,
    of: { readonly configuration: string; readonly repository: string; readonly binding: string },
  ): Promise<Flags>;
  restore(name: string, of: { readonly repository: string; readonly binding: string }): Promise<Flags>;
  backupSession(name: string): Promise<BackupSession>;
  restoreSession(name: string): Promise<RestoreSession>;
  report(session: string): Promise<SessionReport>;
  /** Its status. */
  repository(name: string): Promise<RepositoryStatus | undefined>;
  pod(): Promise<PodBench>;
}

export type Flags = Readonly<Record<string, string>>;

/** A real API server with a namespace, and pods that are child processes with the rights of an administrator. */
export async function startTaskBench(): Promise<TaskBench> {
  const plane = await startControlPlane();
  const folder = await mkdtemp(join(tmpdir(), "coldstream-tasks-"));
  const cluster = openCluster(plane.settings);
  await plane.createNamespace(namespace);
  const account = join(folder, "account");
  await mkdir(account);
  await cluster.create(serviceAccounts, { metadata: { name: "job", namespace } }, { signal });
  const subjects = [{ kind: "ServiceAccount", name: "job", namespace }];
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };
  await cluster.create(clusterRoleBindings, { metadata: { name: "job" }, roleRef, subjects }, { signal });
  await writeFile(join(account, "token"), await plane.createToken(namespace, "job"));
  await writeFile(join(account, "ca.crt"), plane.ca);
  await writeFile(join(account, "namespace"), namespace);
  const hosts: Record<string, string> = { "kubernetes.default.svc:443": `127.0.0.1:${plane.port}` };
  const repositories: Record<string, string> = {};
  const target = (name: string) => ({ apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name });

  async function create(kind: Parameters<typeof resourceOf>[0], draft: Draft): Promise<KubeObject> {
    const resource = resourceOf(kind) as unknown as Resource<KubeObject>;
    const metadata = { namespace, ...draft.metadata };
    const { status, ...rest } = draft;
    const made = await cluster.create(resource, { ...rest, metadata }, { signal });
    return status === undefined
      ? made
      : await cluster.replaceStatus(resource, { ...made, status } as KubeObject, { signal });
  }
  async function secret(name: string, stringData: Readonly<Record<string, string>>): Promise<void> {
    await cluster.create(secrets, { metadata: { name, namespace }, stringData }, { signal });
  }
  const flagsFor = (repository: string, binding: string, session: string): Flags => ({
    repository: `${namespace}/${repository}`,
    namespace,
    report: session,
    ...{ appbinding: binding, "appbinding-namespace": namespace },
    ...{ "target-kind": "AppBinding", "target-name": binding, "target-namespace": namespace },
  });

  return {
    ...{ plane, cluster, create, secret, folder },
    async localRepository(name, { isEmpty = false } = {}) {
      const place = join(folder, "repositories", name);
      await mkdir(dirname(place), { recursive: true });
      if (!isEmpty) await layCheapRepository(place, password);
      repositories[`/repositories/${name}`] = place;
      await secret(`${name}-secret`, { RESTIC_PASSWORD: password });
      const backend = {
        storageSecretName: `${name}-secret`,
        local: { mountPath: `/repositories/${name}`, emptyDir: {} },
      };
      await create("Repository", { metadata: { name }, spec: { backend } });
      return openRepository({
        url: place,
        password: { kind: "text", text: password },
        baseEnv: programEnvironment(folder),
      });
    },
    async binding(name, port, more = {}) {
      hosts[`${name}.${namespace}.svc:4222`] = `127.0.0.1:${port}`;
      const { clientConfig = {}, ...rest } = more as { clientConfig?: object };
      const service = { scheme: "nats", name, port: 4222 };
      const spec = { type: "nats.io/nats", clientConfig: { service, ...clientConfig }, ...rest };
      await create("AppBinding", { metadata: { name }, spec });
    },
    async configuration(name, { repository, binding, retention = { keepLast: 5 } }) {
      const retentionPolicy = { name: "keep", prune: true, ...retention };
      const spec = { schedule: "0 3 * * *", repository: { name: repository }, target: { ref: target(binding) } };
      await create("BackupConfiguration", { metadata: { name }, spec: { ...spec, retentionPolicy } });
    },
    async session(name, { configuration, repository, binding }) {
      const invoker = { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: configuration };
      const ref = { ...target(binding), namespace };
      const preBackupActions = ["InitializeBackendRepository"];
      const postBackupActions = ["ApplyRetentionPolicy", "VerifyRepositoryIntegrity", "SendRepositoryMetrics"];
      const targets = [{ ref, totalHosts: 1, preBackupActions, postBackupActions }];
      await create("BackupSession", { metadata: { name }, spec: { invoker }, status: { phase: "Running", targets } });
      await cluster.create(configMaps, { metadata: { name, namespace } }, { signal });
      const own = { backupsession: name, "invoker-kind": "BackupConfiguration", "invoker-name": configuration };
      return { ...flagsFor(repository, binding, name), ...own };
    },
    async restore(name, { repository, binding }) {
      const spec = { repository: { name: repository }, target: { ref: target(binding) } };
      await create("RestoreSession", { metadata: { name }, spec, status: { phase: "Running", totalHosts: 1 } });
      await cluster.create(configMaps, { metadata: { name, namespace } }, { signal });
      const own = { restoresession: name, "invoker-kind": "RestoreSession", "invoker-name": name };
      return { ...flagsFor(repository, binding, name), ...own };
    },
    backupSession: (name) => found(cluster.get(resourceOf("BackupSession"), { namespace, name }, { signal })),
    restoreSession: (name) => found(cluster.get(resourceOf("RestoreSession"), { namespace, name }, { signal })),
    async repository(name) {
      return (await found(cluster.get(resourceOf("Repository"), { namespace, name }, { signal }))).status;
    },
    async report(name) {
      const map = await found(cluster.get(configMaps, { namespace, name }, { signal }));
      return SessionReport.parse(JSON.parse(map.data?.[reportKey] ?? "{}"));
    },
    async pod() {
      const own = await mkdtemp(join(folder, "pod-"));
      const mounts = {
        ...repositories,
        "/var/run/secrets/kubernetes.io/serviceaccount": account,
        "/stash-tmp": join(own, "tmp"),
        "/stash-interim-volume": join(own, "interim"),
      };
      const env = { ...compiledOnce, PATH: programPath(), HOME: own, TMPDIR: own };
      const api = { KUBERNETES_SERVICE_HOST: "kubernetes.default.svc", KUBERNETES_SERVICE_PORT: "443" };
      const tables = { COLDSTREAM_MOUNTS: JSON.stringify(mounts), COLDSTREAM_HOSTS: JSON.stringify(hosts) };
      return openPod(own, { ...env, ...api, ...tables });
    },
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await plane.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function openPod(folder: string, env: Readonly<Record<string, string>>): PodBench {
  const main = join(root, "src/cli/main.ts");
  const args = (name: string, flags: Flags) => {
    const common = { "interim-data-dir": "/stash-interim-volume/data", "output-dir": "/stash-tmp/output" };
    const all = name === "create-backupsession" || name === "wipe-out" ? flags : { ...common, ...flags };
    return [main, "task", name, ...Object.entries(knownBy(name, all)).map(([flag, value]) => `--${flag}=${value}`)];
  };
  return {
    folder,
    async task(name, flags, more = {}) {
      const end = await runProgram(process.execPath, args(name, flags), { env: { ...env, ...more } });
      return { exit: end.exitCode, stderr: end.stderr };
    },
    start: (name, flags) => startProgram(process.execPath, args(name, flags), { env }),
    output: async () => JSON.parse(await readFile(join(folder, "tmp/output/output.json"), "utf8")),
  };
}

/** Each program gets the flags that its Function gives it. */
function knownBy(name: string, flags: Flags): Flags {
  const foreign: Readonly<Record<string, RegExp>> = {
    "nats-backup": /^target-/,
    "nats-restore": /^target-/,
    "update-status": /^appbinding|^interim/,
  };
  const unknown = foreign[name];
  return Object.fromEntries(Object.entries(flags).filter(([flag]) => unknown === undefined || !unknown.test(flag)));
}

async function found<T>(object: Promise<T | undefined>): Promise<T> {
  const there = await object;
  if (there === undefined) throw new Error("the object is gone");
  return there;
}

export function hasRestic(): boolean {
  return findProgram("restic") !== undefined;
}

export const conditionOf = (
  conditions:
    | readonly { readonly type: string; readonly status: string; readonly message?: string | undefined }[]
    | undefined,
  type: string,
) => conditions?.find((each) => each.type === type);
