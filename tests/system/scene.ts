import { randomUUID } from "node:crypto";
import type { BackupSession } from "../../src/api/backup-session.ts";
import type { RestoreSession } from "../../src/api/restore-session.ts";
import { jobs, persistentVolumeClaims, pods, roleBindings, roles } from "../../src/kube/core.ts";
import { type KubeObject, type Resource, resourceOf } from "../../src/kube/resource.ts";
import { appBinding, backupConfiguration, repository, secret } from "../operator/documents.ts";
import { eventually } from "../support/eventually.ts";
import type { System } from "./system.ts";

/** A namespace with what a backup needs, on the system's S3 server, and sessions made by hand: no schedule disturbs. */

const waiting = { signal: new AbortController().signal };
const [configurations, sessions, restores] = [
  resourceOf("BackupConfiguration"),
  resourceOf("BackupSession"),
  resourceOf("RestoreSession"),
];

export const resticPassword = "restic-hunter2-hunter2";

export interface SceneOptions {
  /** Port of the nats-server behind the AppBinding `sample-nats`. */
  readonly port: number;
  /** Of the AppBinding. */
  readonly binding?: object;
  /** Of the Repository's Secret, over what is right. */
  readonly keys?: Readonly<Record<string, string>>;
  /** Of the S3 backend, over what is right. */
  readonly s3?: object;
  /** Whether the repository is left to the first backup; otherwise one is there that opens quickly. */
  readonly isEmpty?: boolean;
  /** Made elsewhere: not made here. */
  readonly leaveOut?: readonly ("Repository" | "Secret" | "AppBinding")[];
}

export interface Ended<T> {
  readonly session: T;
  readonly phase: string;
  readonly error: string;
}

export interface Scene {
  readonly namespace: string;
  readonly prefix: string;
  /** Applies a BackupConfiguration; the default has no interim volume. Does not wait. */
  configure(spec?: object, name?: string): Promise<void>;
  ready(name?: string): Promise<void>;
  begin(name: string, spec?: { readonly invoker?: string; readonly retryLeft?: number }): Promise<void>;
  ended(name: string): Promise<Ended<BackupSession>>;
  backUp(name: string, invoker?: string): Promise<Ended<BackupSession>>;
  /** Applies a RestoreSession and does not wait. */
  beginRestore(name: string, spec?: object): Promise<void>;
  restoreEnded(name: string): Promise<Ended<RestoreSession>>;
  restore(name: string, spec?: object): Promise<Ended<RestoreSession>>;
  /** Jobs, pods, claims and rights of sessions that are there. */
  left(): Promise<readonly string[]>;
}

export const configurationName = "sample-nats-backup";
const targetRef = { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "sample-nats" };

export async function openScene(system: System, options: SceneOptions): Promise<Scene> {
  const { desk } = system;
  const namespace = await desk.namespace();
  system.route(`sample-nats.${namespace}.svc:4222`, options.port);
  const prefix = `scenes/${namespace}`;
  if (options.isEmpty !== true)
    await system.store.layRepository(prefix, options.keys?.["RESTIC_PASSWORD"] || resticPassword);
  const documents = [
    secret({ namespace }, { ...keysOf(system), ...options.keys }),
    repository({ namespace }, { backend: backendOf(system, { prefix, ...options.s3 }) }),
    { ...appBinding({ namespace }), spec: { ...appBinding({ namespace }).spec, ...options.binding } },
  ];
  await desk.apply(...documents.filter(({ kind }) => !(options.leaveOut ?? []).some((one) => one === kind)));
  const scene: Scene = {
    namespace,
    prefix,
    async configure(spec = {}, name = configurationName) {
      const own = { schedule: "0 0 1 1 *", interimVolumeTemplate: undefined, ...spec };
      await desk.apply(backupConfiguration({ namespace, name }, own));
    },
    async ready(name = configurationName) {
      const key = { namespace, name };
      await eventually(`${name} to be Ready`, async () => {
        const found = await desk.cluster.get(configurations, key, waiting);
        return found?.status?.phase === "Ready" && found.status.observedGeneration === found.metadata.generation;
      });
    },
    async begin(name, { invoker = configurationName, retryLeft } = {}) {
      const spec = {
        invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: invoker },
        retryLeft,
      };
      await desk.cluster.create(sessions, { metadata: { namespace, name }, spec }, waiting);
    },
    async ended(name) {
      const session = await eventually(
        `the end of ${name}`,
        async () => {
          const found = await desk.cluster.get(sessions, { namespace, name }, waiting);
          return found?.status?.sessionDuration === undefined ? undefined : found;
        },
        { timeoutMs: 120_000 },
      );
      const errors = session.status?.targets?.flatMap(({ stats = [] }) => stats.map(({ error = "" }) => error)) ?? [];
      return { session, phase: session.status?.phase ?? "", error: errors.join() };
    },
    async backUp(name, invoker = configurationName) {
      await scene.begin(name, { invoker });
      return await scene.ended(name);
    },
    async beginRestore(name, spec = {}) {
      await desk.apply({
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "RestoreSession",
        metadata: { namespace, name },
        spec: {
          task: { name: "nats-restore-2.6.1" },
          repository: { name: "s3-repo" },
          target: { ref: targetRef, rules: [{ snapshots: ["latest"] }] },
          ...spec,
        },
      });
    },
    async restoreEnded(name) {
      const session = await eventually(
        `the end of ${name}`,
        async () => {
          const found = await desk.cluster.get(restores, { namespace, name }, waiting);
          return found?.status?.sessionDuration === undefined ? undefined : found;
        },
        { timeoutMs: 120_000 },
      );
      const errors = session.status?.stats?.map(({ error = "" }) => error) ?? [];
      return { session, phase: session.status?.phase ?? "", error: errors.join() };
    },
    async restore(name, spec = {}) {
      await scene.beginRestore(name, spec);
      return await scene.restoreEnded(name);
    },
    async left() {
      const names = async <T extends KubeObject>(resource: Resource<T>) =>
        (await desk.list(resource, namespace)).map(({ metadata }) => `${resource.kind} ${metadata.name}`);
      const all = [names(jobs), names(pods), names(roles), names(roleBindings)];
      const ofSessions = (await Promise.all(all)).flat().filter((name) => / stash-(backup|restore)-/.test(name));
      return [...ofSessions, ...(await names(persistentVolumeClaims))];
    },
  };
  return scene;
}

export function keysOf({ store: { accessKey, secretKey } }: System): Readonly<Record<string, string>> {
  return { RESTIC_PASSWORD: resticPassword, AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey };
}

export function backendOf({ store: { endpoint, bucket } }: System, s3: object) {
  return { s3: { endpoint, bucket, ...s3 }, storageSecretName: "s3-secret" };
}

export function interimVolume(storage = "1Gi") {
  return {
    metadata: { name: `interim-${randomUUID().slice(0, 4)}` },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "standard", resources: { requests: { storage } } },
  };
}
