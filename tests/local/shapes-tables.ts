import type { JsonObject } from "../../src/local/json.ts";

const container = { name: "c", image: "i" };
const pods = (name: string, status: JsonObject, spec: JsonObject = {}) => ({
  metadata: { name },
  spec: { automountServiceAccountToken: false, containers: [container, { ...container, name: "d" }], ...spec },
  status,
});
const ended = (exitCode: number, more: JsonObject = {}) => ({
  state: { terminated: { exitCode, finishedAt: "2026-11-21T03:00:00Z", ...more } },
});
const is = (name: string, more: JsonObject) => ({
  ...{ name, image: "i", imageID: "", ready: false, restartCount: 0 },
  ...more,
});
const running = { ready: true, state: { running: {} } };
const restarted = { restartCount: 2, lastState: { terminated: { exitCode: 1, finishedAt: "2020-11-21T03:00:00Z" } } };
const init = {
  initContainers: [
    { name: "a", image: "i" },
    { name: "b", image: "i" },
  ],
};
const template = { spec: { restartPolicy: "Never", containers: [container] } };

/** Objects to be shown in tables, beside what is there already. */
export const tables: Readonly<Record<string, readonly JsonObject[]>> = {
  Pod: [
    pods("pending", { phase: "Pending" }),
    pods("running", { phase: "Running", containerStatuses: [is("c", running), is("d", { ...running, ...restarted })] }),
    pods("half", {
      phase: "Running",
      containerStatuses: [is("c", ended(0, { reason: "Completed" })), is("d", running)],
    }),
    pods("crashed", { phase: "Failed", containerStatuses: [is("c", ended(3)), is("d", ended(137, { signal: 9 }))] }),
    pods("evicted", { phase: "Failed", reason: "Evicted" }),
    pods("image", {
      phase: "Pending",
      containerStatuses: [is("c", { state: { waiting: { reason: "ImagePullBackOff" } } })],
    }),
    pods(
      "init",
      { phase: "Pending", initContainerStatuses: [is("a", ended(0)), is("b", { state: { running: {} } })] },
      init,
    ),
    pods("init-fails", { phase: "Pending", initContainerStatuses: [is("a", { ...ended(1), restartCount: 4 })] }, init),
    pods("init-done", {
      ...{ phase: "Running", podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }] },
      ...{ initContainerStatuses: [is("a", ended(0))], containerStatuses: [is("c", running)] },
    }),
  ],
  Job: [
    {
      metadata: { name: "done" },
      spec: { suspend: true, completions: 2, parallelism: 1, template },
      status: { startTime: "2026-11-21T03:00:00Z" },
    },
  ],
  CronJob: [
    {
      metadata: { name: "shown" },
      spec: { schedule: "@yearly", suspend: true, timeZone: "Etc/UTC", jobTemplate: { spec: { template } } },
      status: { lastScheduleTime: "2020-11-21T03:00:00Z", active: [{ name: "x" }] },
    },
  ],
  Secret: [{ metadata: { name: "shown" }, stringData: { a: "b", c: "d" } }],
  ConfigMap: [{ metadata: { name: "shown" }, data: { a: "b" }, binaryData: { c: "YQ==" } }],
  Event: [
    {
      metadata: { name: "shown" },
      involvedObject: { kind: "Pod", namespace: "demo", name: "p", fieldPath: "spec.containers{c}" },
      ...{ type: "Warning", reason: "Oops", message: " it broke\n", count: 2 },
      ...{ source: { component: "us", host: "h" } },
      ...{ firstTimestamp: "2020-11-21T02:00:00Z", lastTimestamp: "2020-11-21T03:00:00Z" },
    },
    { metadata: { name: "bare" }, involvedObject: { kind: "Job", namespace: "demo" } },
    {
      metadata: { name: "new" },
      involvedObject: { kind: "Job", namespace: "demo" },
      ...{ type: "Normal", action: "a", reason: "r", reportingComponent: "a.b/c", reportingInstance: "i" },
      eventTime: "2020-11-21T03:00:00.000000Z",
    },
  ],
  Node: [
    {
      metadata: { name: "shown", labels: { "node-role.kubernetes.io/worker": "" } },
      spec: { unschedulable: true },
      status: {
        addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
        conditions: [{ type: "Ready", status: "True" }],
      },
    },
  ],
  PersistentVolumeClaim: [
    {
      metadata: { name: "shown" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, volumeName: "v" },
      status: { accessModes: ["ReadWriteOnce", "ReadWriteMany"], capacity: { storage: "1024Mi" }, phase: "Pending" },
    },
  ],
  PersistentVolume: [
    {
      metadata: { name: "shown" },
      spec: {
        ...{ accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, hostPath: { path: "/x" } },
        ...{ claimRef: { namespace: "demo", name: "x" }, storageClassName: "y" },
      },
    },
  ],
  Service: [
    {
      metadata: { name: "shown" },
      spec: {
        ...{ clusterIP: "None", selector: { b: "c", a: "b" } },
        ports: [
          { name: "a", port: 1 },
          { name: "b", port: 2, protocol: "UDP" },
        ],
      },
    },
    { metadata: { name: "named" }, spec: { type: "ExternalName", externalName: "x.example.com" } },
  ],
  Endpoints: [
    {
      metadata: { name: "many" },
      subsets: [
        {
          addresses: [{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }],
          ports: [
            { name: "a", port: 1 },
            { name: "b", port: 2 },
          ],
        },
      ],
    },
  ],
  Lease: [{ metadata: { name: "shown" }, spec: { holderIdentity: "me" } }],
  ServiceAccount: [],
  Role: [{ metadata: { name: "shown" }, rules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }] }],
  RoleBinding: [
    {
      metadata: { name: "shown" },
      roleRef: { kind: "ClusterRole", name: "x" },
      subjects: [
        { kind: "ServiceAccount", name: "a", namespace: "demo" },
        { kind: "User", name: "u" },
      ],
    },
  ],
  ClusterRoleBinding: [],
  StorageClass: [
    {
      metadata: { name: "shown", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "x",
    },
  ],
  BackupConfiguration: [
    {
      metadata: { name: "shown" },
      spec: { retentionPolicy: { name: "x", prune: true }, schedule: "@daily", paused: true, task: { name: "t" } },
      status: { phase: "Ready" },
    },
  ],
  Repository: [
    {
      metadata: { name: "shown" },
      spec: { backend: { local: { mountPath: "/x" } } },
      status: { integrity: true, totalSize: "1 KiB", snapshotCount: 3, lastBackupTime: "2020-11-21T03:00:00Z" },
    },
  ],
  Snapshot: [{ metadata: { name: "shown" }, status: { id: "abc", repository: "r", hostname: "h" } }],
};
