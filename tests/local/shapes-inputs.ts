import type { JsonObject } from "../../src/local/json.ts";

/** What is asked of a real API server and of our own pure functions alike. `metadata.name` is filled in. */

const container = { name: "c", image: "i" };
const template = { spec: { restartPolicy: "Never", containers: [container] } };

const pod = (spec: JsonObject, metadata: JsonObject = {}) => ({
  metadata,
  spec: { automountServiceAccountToken: false, containers: [container], ...spec },
});
const one = (fields: JsonObject) => pod({ containers: [{ ...container, ...fields }] });
/** Paths that lead out of their volume, and some that only look so. */
const strayPaths = ["../x", "a/../../x", "/x", "/../x", "..x", "..", "a/..x", "a..", ""];
const projected = (source: JsonObject) => pod({ volumes: [{ name: "v", projected: { sources: [source] } }] });
const mounted = (mount: JsonObject) => ({
  metadata: {},
  spec: {
    automountServiceAccountToken: false,
    volumes: [{ name: "v", emptyDir: {} }],
    containers: [{ ...container, volumeMounts: [{ name: "v", mountPath: "/x", ...mount }] }],
  },
});
const fieldRef = { fieldPath: "metadata.name" };
const job = (spec: JsonObject, metadata: JsonObject = {}) => ({ metadata, spec: { template, ...spec } });
const cronJob = (spec: JsonObject, metadata: JsonObject = {}) => ({
  metadata,
  spec: { schedule: "@hourly", jobTemplate: { spec: { template } }, ...spec },
});
const claim = (spec: JsonObject) => ({
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
});
const retentionPolicy = { name: "x", keepLast: 5, prune: true };
const backup = (spec: JsonObject, more: JsonObject = {}) => ({ spec: { retentionPolicy, ...spec }, ...more });
const docker = "kubernetes.io/dockerconfigjson";

/** Objects that are refused, and a few that are not, by kind. */
export const objects: Readonly<Record<string, readonly JsonObject[]>> = {
  Pod: [
    ...[pod({}), pod({ containers: [] }), {}, pod({ containers: [{}] }), one({ name: "A_" }), one({ image: " x" })],
    ...[pod({ containers: [container, container] }), pod({ initContainers: [container] })],
    ...[pod({ restartPolicy: "Sometimes" }), pod({ dnsPolicy: "x" }), pod({ activeDeadlineSeconds: 0 })],
    ...[one({ imagePullPolicy: "x" }), one({ livenessProbe: {} }), one({ livenessProbe: { httpGet: { port: 80 } } })],
    ...[
      one({ volumeMounts: [{ name: "v", mountPath: "/x" }] }),
      one({ volumeMounts: [{ name: "", mountPath: "/x" }] }),
    ],
    pod({
      containers: [{ ...container, volumeMounts: [{ name: "v" }, { name: "v", mountPath: "/x" }] }],
      volumes: [{ name: "v" }],
    }),
    ...[pod({ volumes: [{ name: "v" }, { name: "v" }] }), pod({ volumes: [{ name: "V!" }] })],
    ...[pod({ volumes: [{ name: "v", secret: {} }] }), pod({ volumes: [{ name: "v", persistentVolumeClaim: {} }] })],
    pod({ volumes: [{ name: "v", emptyDir: {}, secret: { secretName: "x" } }] }),
    ...[one({ env: [{ name: "" }] }), one({ env: [{ name: "a=b" }] }), one({ env: [{ name: "a", valueFrom: {} }] })],
    one({ env: [{ name: "a", value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }),
    ...[one({ resources: { requests: { cpu: "x" } } }), one({ ports: [{ containerPort: 0 }] })],
    one({ resources: { requests: { cpu: "2" }, limits: { cpu: "1", memory: "0.5Gi" } } }),
    one({ resources: { limits: { cpu: 1.5, memory: "2048Mi" } }, args: [], command: null }),
    ...[one({ ports: [{ containerPort: 70000, protocol: "X" }] }), pod({ tolerations: [{}] })],
    ...[pod({ containers: "x" }), one({ name: 3 }), pod({ hostNetwork: "yes" }), pod({ foo: 1 })],
    ...[pod({}, { name: "A" }), pod({}, { name: "a".repeat(254) }), pod({}, { labels: { "a b": "c" } })],
    ...[pod({}, { labels: { a: "c d" } }), pod({}, { annotations: { "a b": "c" } }), pod({}, { finalizers: ["x"] })],
    ...[pod({}, { finalizers: ["a b/c"] }), pod({}, { ownerReferences: [{}] }), pod({}, { labels: { a: 1 } })],
    ...[pod({ nodeSelector: { "a b": "c" } }), pod({}, { annotations: { big: "x".repeat(270_000) } })],
    ...[pod({}, { creationTimestamp: "x" }), pod({ volumes: [{ name: "v", hostPath: { path: "/x" } }] })],
    ...strayPaths.flatMap((path) => [
      pod({ volumes: [{ name: "v", configMap: { name: "m", items: [{ key: "k", path }] } }] }),
      pod({
        volumes: [
          {
            name: "v",
            secret: {
              secretName: "m",
              items: [
                { key: "k", path: "a" },
                { key: "", path },
              ],
            },
          },
        ],
      }),
      pod({ volumes: [{ name: "v", downwardAPI: { items: [{ path, fieldRef }] } }] }),
      pod({ volumes: [{ name: "v", hostPath: { path } }] }),
      ...[projected({ configMap: { name: "m", items: [{ key: "k", path }] } })],
      ...[
        projected({ secret: { name: "m", items: [{ key: "k", path }] } }),
        projected({ downwardAPI: { items: [{ path, fieldRef }] } }),
      ],
      projected({ serviceAccountToken: { path } }),
      ...(path === "" ? [] : [mounted({ subPath: path }), mounted({ subPathExpr: path })]),
    ]),
    ...[mounted({ subPath: "a", subPathExpr: "b" }), mounted({ subPathExpr: "$(A)/../b" })],
  ],
  Job: [
    ...[job({}), {}, job({ template: { spec: { containers: [container] } } }), job({ completionMode: "Indexed" })],
    job({ template: { spec: { restartPolicy: "Always", containers: [container] } } }),
    ...["completions", "backoffLimit", "parallelism", "activeDeadlineSeconds", "ttlSecondsAfterFinished"].map((name) =>
      job({ [name]: -1 }),
    ),
    ...[job({ completionMode: "x" }), job({ manualSelector: true }), job({ backoffLimit: "x" }), job({ suspend: "x" })],
    ...[job({ backoffLimit: 1.5 }), job({ backoffLimit: 99_999_999_999 }), job({ backoffLimitPerIndex: 1 })],
    ...[job({}, { name: "A" }), job({ completions: 2, completionMode: "Indexed" }), job({ parallelism: 2 })],
    job({ template: { ...template, metadata: { labels: { "a b": "c" } } } }),
  ],
  CronJob: [
    ...[cronJob({}), {}, cronJob({ schedule: "" }), cronJob({ schedule: "x" }), cronJob({ schedule: "* * * *" })],
    ...[cronJob({ schedule: "TZ=UTC * * * * *" }), cronJob({ timeZone: "Mars/Base" }), cronJob({ timeZone: "" })],
    ...[cronJob({ timeZone: "local" }), cronJob({ timeZone: "Europe/Berlin" }), cronJob({ schedule: "0 0 31 2 *" })],
    ...["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"].map((name) =>
      cronJob({ [name]: -1 }),
    ),
    ...[cronJob({ concurrencyPolicy: "x" }), cronJob({}, { name: "a".repeat(53) }), cronJob({}, { name: "A" })],
    cronJob({ jobTemplate: { spec: { template, manualSelector: true } } }),
    cronJob({ jobTemplate: { metadata: { labels: { a: "b" } }, spec: { template, backoffLimit: -1 } } }),
  ],
  Secret: [
    ...[{}, { data: { a: "!" } }, { data: { a: 3 } }, { data: { "a b": "YQ==" } }, { data: { "..": "YQ==" } }],
    ...[{ type: "kubernetes.io/tls" }, { type: docker }, { type: docker, data: { ".dockerconfigjson": "e30=" } }],
    ...["basic-auth", "ssh-auth", "service-account-token"].map((type) => ({ type: `kubernetes.io/${type}` })),
    ...[{ data: "x" }, { data: { a: "YQ" } }, { data: { a: "YQ==\n" } }, { type: "" }, { stringData: { "a/b": "x" } }],
    ...[
      { data: { big: "A".repeat(1_400_000) } },
      { stringData: { a: 1 } },
      { data: { a: "YQ==" }, stringData: { a: "b" } },
    ],
  ],
  ConfigMap: [
    ...[{ data: { "a b": "x" } }, { data: { a: "x" }, binaryData: { a: "YQ==" } }, { data: { a: true } }],
    ...[{ binaryData: { a: "!" } }, { data: { big: "A".repeat(1_100_000) } }, { data: {} }, { data: null }],
  ],
  Namespace: [{}, { metadata: { name: "A.b" } }, { metadata: { name: "a.b" } }, { metadata: { name: "a".repeat(64) } }],
  PersistentVolumeClaim: [
    ...[{}, claim({ accessModes: ["x"] }), claim({ resources: { requests: { storage: "0" } } })],
    ...[claim({ resources: { requests: { storage: "1 Gi" } } }), claim({ resources: { requests: { storage: 1024 } } })],
  ],
  PersistentVolume: [{ spec: {} }],
  Service: [
    ...[{ spec: {} }, { spec: { ports: [{ port: 0 }] } }, { spec: { type: "x", ports: [{ port: 1 }] } }],
    { metadata: { name: "1a" }, spec: { ports: [{ port: 1 }] } },
  ],
  Lease: [
    ...[{ spec: { leaseDurationSeconds: 0 } }, { spec: { renewTime: "x" } }, {}],
    { spec: { renewTime: "2026-11-21T03:00:00.123456Z" } },
  ],
  Role: [
    ...[{ rules: [{}] }, { metadata: { name: "a/b" }, rules: [{ verbs: ["get"] }] }],
    { rules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"], nonResourceURLs: ["/x"] }] },
  ],
  RoleBinding: [
    {},
    {
      roleRef: { kind: "X", name: "" },
      subjects: [{ kind: "ServiceAccount", name: "a" }, { kind: "Y", name: "b" }, { kind: "User" }],
    },
    { roleRef: { kind: "Role", name: "x" }, subjects: [{ kind: "Group", name: "g" }] },
  ],
  Event: [{ involvedObject: {} }, { involvedObject: { namespace: "other", kind: "Pod" } }],
  StorageClass: [{}, { provisioner: "x" }],
  BackupConfiguration: [
    ...[{}, { spec: {} }, backup({}), backup({ schedule: 3 }), backup({ schedule: null }), backup({ paused: "x" })],
    ...[backup({ repository: "x" }), backup({ repository: {} }), backup({ retentionPolicy: {} })],
    ...[backup({ retentionPolicy: { ...retentionPolicy, keepLast: "5" } }), backup({ retentionPolicy: null })],
    ...[
      backup({ timeOut: "x" }),
      backup({ timeOut: "x".repeat(2000) }),
      backup({ timeOut: "x", retryConfig: { delay: "y" } }),
    ],
    ...[backup({ driver: "x" }), backup({ driver: null }), backup({ backupHistoryLimit: 1.5 })],
    ...[backup({ backupHistoryLimit: 99_999_999_999 }), backup({ target: { volumeMounts: [{}] } })],
    ...[backup({ hooks: { preBackup: { httpGet: { port: true } } } }), backup({ task: { params: [null] } })],
    backup({ interimVolumeTemplate: { spec: { resources: { requests: { storage: "x y" } } } } }),
    ...[backup({ interimVolumeTemplate: { metadata: { labels: { a: 3 } } } }), { spec: [] }, { spec: "x" }],
    ...[backup({ foo: 1, target: { bar: 1, ref: { x: 1 } } }, { zzz: 1 }), backup({ retryConfig: {} })],
    ...[backup({ runtimeSettings: { pod: { nodeSelector: { a: 3, b: null } } } }), backup({ target: { ref: null } })],
    ...[backup({}, { metadata: { name: "A" } }), backup({}, { metadata: { labels: { a: "b c" } } })],
    ...[backup({}, { metadata: { labels: { a: 3 } } }), backup({}, { metadata: { labels: {}, annotations: null } })],
  ],
  BackupSession: [{ spec: {} }],
  RestoreSession: [{}, { spec: { rules: [{ snapshots: "x" }] } }],
  Repository: [
    ...[{ spec: { backend: {} } }, { spec: { usagePolicy: { allowedNamespaces: { from: "x" } } } }, {}],
    { spec: { wipeOut: true, backend: { local: { mountPath: "/x" } } } },
    { spec: { backend: { local: { mountPath: "/stash/x" } } } },
  ],
  AppBinding: [
    ...[{ spec: { clientConfig: { service: { port: "x" } } } }, { spec: { clientConfig: { caBundle: "!" } } }],
    { spec: { clientConfig: {}, parameters: { any: null, thing: [1] } } },
  ],
  BackupBatch: [{ spec: { members: [{}] } }],
};
