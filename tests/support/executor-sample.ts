import { BackupConfiguration } from "../../src/api/backup-configuration.ts";
import { BackupSession } from "../../src/api/backup-session.ts";
import type { StashFunction } from "../../src/api/function.ts";
import type { Repository } from "../../src/api/repository.ts";
import { RestoreSession } from "../../src/api/restore-session.ts";
import { Task } from "../../src/api/task.ts";
import type { Container, Job, PodSpec } from "../../src/kube/core.ts";
import { catalogue } from "../../src/operator/catalogue/catalogue.ts";
import { buildExecutor, type Executor, type ExecutorRequest } from "../../src/operator/executor/executor.ts";
import { taskNameOf } from "../../src/operator/task/choice.ts";
import { manifest } from "./manifests.ts";

/** What the builders of the operator are given, from the guides' manifests; a test changes what it is about. */

export const settings = {
  image: "registry.example.org/backup/coldstream:1.2.3",
  pullSecrets: [],
  namespace: "coldstream",
  pushgatewayUrl: "http://coldstream-operator.coldstream.svc:56789",
};

export const appBinding = manifest("AppBinding", "helm", "sample-nats");
export const repository: Repository = manifest("Repository", "helm", "gcs-repo");

type Fields = Readonly<Record<string, unknown>>;

/** The guides' BackupConfiguration without its interim volume, with these fields in its spec. */
export function configuration(spec: object = {}, metadata: object = {}): BackupConfiguration {
  const sample = manifest("BackupConfiguration", "helm", "sample-nats-backup");
  const plain = { ...sample.spec, interimVolumeTemplate: undefined };
  return BackupConfiguration.parse({
    ...sample,
    metadata: { ...sample.metadata, ...metadata },
    spec: { ...plain, ...spec },
  });
}

export function restoreSession(spec: object = {}, metadata: object = {}): RestoreSession {
  const sample = manifest("RestoreSession", "helm", "sample-nats-restore");
  const plain = { ...sample.spec, interimVolumeTemplate: undefined };
  return RestoreSession.parse({
    ...sample,
    metadata: { ...sample.metadata, ...metadata },
    spec: { ...plain, ...spec },
  });
}

export function backupSession({ metadata }: BackupConfiguration, fields: object = {}): BackupSession {
  const { name = "", namespace } = metadata;
  return BackupSession.parse({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: {
      name: `${name}-1795230000`,
      namespace,
      uid: "uid-of-the-session",
      creationTimestamp: "2026-11-21T03:00:00Z",
    },
    spec: { invoker: { kind: "BackupConfiguration", name } },
    ...fields,
  });
}

export interface Around {
  readonly repository?: Repository;
  readonly appBinding?: ExecutorRequest["appBinding"];
  readonly task?: Task;
  readonly functions?: readonly StashFunction[];
  readonly settings?: ExecutorRequest["settings"];
  readonly session?: BackupSession;
  readonly now?: Date;
}

/** The executor of a run of `invoker`, with the catalogue's Task that it names. */
export function executorOf(invoker: BackupConfiguration | RestoreSession, around: Around = {}): Executor {
  const objects = catalogue();
  const name = around.task === undefined ? taskNameOf(invoker, around.appBinding ?? appBinding) : "";
  const task = objects.find((each): each is Task => each.kind === "Task" && each.metadata.name === name);
  const functions = objects.filter((each): each is StashFunction => each.kind === "Function");
  const request = {
    repository: around.repository ?? repository,
    appBinding: around.appBinding ?? appBinding,
    task: around.task ?? Task.parse(task),
    functions: new Map([...functions, ...(around.functions ?? [])].map((each) => [each.metadata.name ?? "", each])),
    settings: around.settings ?? settings,
    now: around.now ?? new Date("2026-11-21T03:00:00Z"),
  };
  return invoker.kind === "RestoreSession"
    ? buildExecutor({ ...request, session: invoker, invoker })
    : buildExecutor({ ...request, session: around.session ?? backupSession(invoker), invoker });
}

type ObjectMade = Executor["objects"][number];

/** The first of that kind. */
export function madeOf(objects: readonly ObjectMade[], kind: string): Fields & { readonly metadata: Fields } {
  const found = objects.find(({ resource }) => resource.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} was made`);
  return found.draft;
}

export function jobSpec(executor: Executor): Job["spec"] {
  return (madeOf(executor.objects, "Job") as unknown as Job).spec;
}

export function podOf(executor: Executor): PodSpec {
  return jobSpec(executor).template.spec;
}

/** In the order in which they run. */
export function containersOf({ initContainers, containers }: PodSpec): readonly Container[] {
  return [...(initContainers ?? []), ...containers];
}

/** The flags of a container, as they stand. */
export function flagsOf(container: Container | undefined): ReadonlyMap<string, string> {
  const args = container?.args ?? [];
  return new Map(
    args.flatMap((each) => {
      const [, name, value] = /^--([^=]+)=([\s\S]*)$/.exec(each) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
}
