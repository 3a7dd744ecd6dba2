import { stringify } from "yaml";

const stash = "stash.appscode.com";
const appBindings = "appcatalog.appscode.com/v1alpha1";
const target = { ref: { apiVersion: appBindings, kind: "AppBinding", name: "nats" } };

export interface Places {
  readonly server: string;
  readonly repository: string;
  readonly password: string;
}

/** What a user writes to have a NATS server backed up each minute into a folder of this machine. */
export function backupManifests({ server, repository, password }: Places): string {
  return yaml(
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "repository-secret" },
      stringData: { RESTIC_PASSWORD: password },
    },
    {
      apiVersion: `${stash}/v1alpha1`,
      kind: "Repository",
      metadata: { name: "repository" },
      spec: {
        backend: {
          local: { mountPath: "/repository", hostPath: { path: repository } },
          storageSecretName: "repository-secret",
        },
      },
    },
    {
      apiVersion: appBindings,
      kind: "AppBinding",
      metadata: { name: "nats" },
      spec: { type: "nats.io/nats", clientConfig: { url: server } },
    },
    {
      apiVersion: `${stash}/v1beta1`,
      kind: "BackupConfiguration",
      metadata: { name: "every-minute" },
      spec: {
        schedule: "* * * * *",
        task: { name: "nats-backup" },
        repository: { name: "repository" },
        target,
        retentionPolicy: { name: "keep-five", keepLast: 5, prune: true },
      },
    },
  );
}

export function restoreManifest(): string {
  return yaml({
    apiVersion: `${stash}/v1beta1`,
    kind: "RestoreSession",
    metadata: { name: "all-back" },
    spec: {
      task: { name: "nats-restore" },
      repository: { name: "repository" },
      target: { ...target, rules: [{ snapshots: ["latest"] }] },
    },
  });
}

function yaml(...documents: readonly object[]): string {
  return documents.map((document) => stringify(document)).join("---\n");
}
