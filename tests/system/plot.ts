import { jetstream } from "@nats-io/jetstream";
import { type Key, resourceOf } from "../../src/kube/resource.ts";
import { openRepository, type Repository } from "../../src/repository/restic.ts";
import { appBinding, backupConfiguration, repository, secret } from "../operator/documents.ts";
import type { TestServer } from "../support/nats-server.ts";
import { lookAt, withManager } from "./journey.ts";
import type { System } from "./system.ts";

export type SessionKind = "BackupSession" | "RestoreSession";

export interface SessionName extends Key {
  readonly kind: SessionKind;
}

/** A namespace with all that a backup of one small stream needs; no schedule disturbs it. */
export interface Plot {
  readonly namespace: string;
  readonly stream: string;
  /** The stream as it was made. */
  readonly original: unknown;
  readonly repository: Repository;
  /** Makes a session. Before a restore the stream is deleted. */
  begin(kind: SessionKind): Promise<SessionName>;
  /** The stream as it is; undefined when there is none. */
  look(): Promise<unknown>;
}

const password = "changeit";
const waiting = { signal: new AbortController().signal };
/** All snapshots stay, so that they can be counted; all sessions too. */
const many = 100_000;

export async function openPlots(system: System, nats: TestServer, count: number): Promise<readonly Plot[]> {
  return await Promise.all(Array.from({ length: count }, (_, at) => openPlot(system, nats, `STREAM_${at}`)));
}

async function openPlot(system: System, nats: TestServer, stream: string): Promise<Plot> {
  const { desk, store } = system;
  const servers = { servers: nats.url };
  const namespace = await desk.namespace();
  system.route(`sample-nats.${namespace}.svc:4222`, nats.port);
  await withManager(servers, async (manager, connection) => {
    await manager.streams.add({ name: stream, subjects: [`${stream}.*`] });
    for (const text of ["hello", "world", namespace]) await jetstream(connection).publish(`${stream}.a`, text);
  });
  const prefix = `/chaos/${namespace}`;
  await store.layRepository(prefix, password);
  const params = [{ name: "streams", value: stream }];
  await desk.apply(
    secret(
      { namespace },
      { RESTIC_PASSWORD: password, AWS_ACCESS_KEY_ID: store.accessKey, AWS_SECRET_ACCESS_KEY: store.secretKey },
    ),
    repository(
      { namespace },
      {
        backend: {
          s3: { endpoint: store.endpoint, bucket: store.bucket, prefix },
          storageSecretName: "s3-secret",
        },
      },
    ),
    appBinding({ namespace }),
    backupConfiguration(
      { namespace },
      {
        schedule: "0 0 1 1 *",
        task: { name: "nats-backup-2.6.1", params },
        backupHistoryLimit: many,
        retentionPolicy: { name: "all", keepLast: many, prune: true },
      },
    ),
  );
  let sessions = 0;
  const { url, env } = store.repository(prefix.slice(1));
  return {
    ...{ namespace, stream, original: await lookAt(servers, stream) },
    repository: openRepository({
      url,
      password: { kind: "text", text: password },
      baseEnv: { ...env, PATH: process.env.PATH ?? "", HOME: system.folder },
    }),
    async begin(kind) {
      sessions += 1;
      const key = { namespace, name: `${kind === "BackupSession" ? "backup" : "restore"}-${sessions}` };
      if (kind === "RestoreSession") {
        await withManager(servers, async ({ streams }) => await streams.delete(stream).catch(() => false));
      }
      const spec = kind === "BackupSession" ? backupSpec : restoreSpec(stream);
      await desk.cluster.create(resourceOf(kind), { metadata: key, spec }, waiting);
      return { ...key, kind };
    },
    look: async () => await lookAt(servers, stream),
  };
}

const backupSpec = {
  invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: "sample-nats-backup" },
};

function restoreSpec(stream: string) {
  const { repository, target, interimVolumeTemplate } = backupConfiguration({ namespace: "" }).spec;
  // a killed restore may have left the stream
  const params = [
    { name: "streams", value: stream },
    { name: "overwrite", value: "true" },
  ];
  const rules = [{ snapshots: ["latest"] }];
  return { repository, target, interimVolumeTemplate, rules, task: { name: "nats-restore-2.6.1", params } };
}
