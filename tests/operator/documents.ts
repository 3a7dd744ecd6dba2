/** Stash's manifests for NATS, as its guides have them. */

interface Place {
  readonly namespace: string;
  readonly name?: string;
}

export function secret({ namespace, name = "s3-secret" }: Place, stringData: object = { RESTIC_PASSWORD: "changeit" }) {
  return { apiVersion: "v1", kind: "Secret", metadata: { namespace, name }, stringData };
}

export function repository({ namespace, name = "s3-repo" }: Place, spec: object = {}) {
  const backend = {
    s3: { endpoint: "http://minio.storage.svc:9000", bucket: "stash-testing", prefix: "/demo/nats/sample-nats" },
    storageSecretName: "s3-secret",
  };
  return {
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { namespace, name },
    spec: { backend, ...spec },
  };
}

export function appBinding({ namespace, name = "sample-nats" }: Place) {
  return {
    apiVersion: "appcatalog.appscode.com/v1alpha1",
    kind: "AppBinding",
    metadata: { namespace, name, labels: { "app.kubernetes.io/instance": name } },
    spec: {
      clientConfig: { service: { name: "sample-nats", port: 4222, scheme: "nats" } },
      type: "nats.io/nats",
      version: "2.6.1",
    },
  };
}

export function backupConfiguration({ namespace, name = "sample-nats-backup" }: Place, spec: object = {}) {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata: { namespace, name },
    spec: {
      task: { name: "nats-backup-2.6.1" },
      schedule: "*/5 * * * *",
      repository: { name: "s3-repo" },
      target: { ref: { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "sample-nats" } },
      interimVolumeTemplate: {
        metadata: { name: "sample-nats-backup-tmp-storage" },
        spec: {
          accessModes: ["ReadWriteOnce"],
          storageClassName: "standard",
          resources: { requests: { storage: "1Gi" } },
        },
      },
      retentionPolicy: { name: "keep-last-5", keepLast: 5, prune: true },
      ...spec,
    },
  };
}

/** All that a configuration needs. */
export function fixture(namespace: string) {
  return [secret({ namespace }), repository({ namespace }), appBinding({ namespace })] as const;
}
