import { expect, test } from "vitest";
import type { JsonObject, JsonValue } from "./json.ts";
import { servedResources } from "./served.ts";
import { tableOf } from "./table.ts";

const now = Date.parse("2026-11-21T03:00:00Z");
const metadata = { name: "one", namespace: "demo", creationTimestamp: "2026-11-21T02:55:00Z" };

function row(kind: string, object: JsonObject): readonly JsonValue[] {
  const resource = servedResources.find((each) => each.kind === kind);
  if (resource === undefined) throw new Error(`${kind} is not served`);
  const whole = { ...object, metadata: { ...metadata, ...(object["metadata"] as JsonObject | undefined) } };
  return resource.columns.map(({ cell }) => cell(whole, now));
}

const main = { name: "main", image: "i" };
const ready = { type: "Ready", status: "True" };

test.each<[string, JsonObject, readonly JsonValue[]]>([
  [
    "Pod",
    {
      metadata: { deletionTimestamp: "x" },
      spec: { nodeName: "n" },
      status: { phase: "Running", podIPs: [{ ip: "10.0.0.1" }] },
    },
    ["one", "0/0", "Terminating", "0", "5m", "10.0.0.1", "n", "<none>", "<none>"],
  ],
  [
    "Job",
    {
      spec: { completions: 1, template: { spec: { containers: [main] } }, selector: { matchLabels: { a: "b" } } },
      status: { startTime: "2026-11-21T02:59:00Z" },
    },
    ["one", "Running", "0/1", "60s", "5m", "main", "i", "a=b"],
  ],
  [
    "Job",
    {
      spec: { parallelism: 3 },
      status: {
        succeeded: 1,
        startTime: "2026-11-21T02:50:00Z",
        completionTime: "2026-11-21T02:50:05Z",
        conditions: [{ type: "Complete", status: "True" }],
      },
    },
    ["one", "Complete", "1/1 of 3", "5s", "5m", "", "", "<none>"],
  ],
  [
    "Job",
    {
      spec: {},
      status: {
        conditions: [
          { type: "FailureTarget", status: "True" },
          { type: "Failed", status: "True" },
        ],
      },
    },
    ["one", "Failed", "0/1", "", "5m", "", "", "<none>"],
  ],
  [
    "CronJob",
    {
      spec: {
        schedule: "@hourly",
        suspend: false,
        jobTemplate: { spec: { template: { spec: { containers: [main] } } } },
      },
      status: { active: [{}], lastScheduleTime: "2026-11-21T02:00:00Z" },
    },
    ["one", "@hourly", "<none>", "False", 1, "60m", "5m", "main", "i", "<none>"],
  ],
  ["Secret", { type: "Opaque", data: { a: "", b: "" } }, ["one", "Opaque", 2, "5m"]],
  ["ConfigMap", { data: { a: "" }, binaryData: { b: "" } }, ["one", 2, "5m"]],
  [
    "Event",
    {
      type: "Warning",
      reason: "Oops",
      message: " it broke\n",
      involvedObject: { kind: "Pod", name: "p" },
      source: { component: "us", host: "h" },
      count: 2,
      firstTimestamp: "2026-11-21T02:00:00Z",
      lastTimestamp: "2026-11-21T02:59:59Z",
    },
    ["1s", "Warning", "Oops", "pod/p", "", "us, h", "it broke", "60m", 2, "one"],
  ],
  ["Namespace", { status: { phase: "Active" } }, ["one", "Active", "5m"]],
  [
    "Node",
    {
      metadata: { labels: { "node-role.kubernetes.io/worker": "" } },
      status: {
        conditions: [ready],
        addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
        nodeInfo: { kubeletVersion: "v1" },
      },
    },
    ["one", "Ready", "worker", "5m", "v1", "127.0.0.1", "<none>", "<unknown>", "<unknown>", "<unknown>"],
  ],
  [
    "PersistentVolumeClaim",
    {
      spec: { volumeName: "v", volumeMode: "Filesystem", storageClassName: "s" },
      status: { phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" } },
    },
    ["one", "Bound", "v", "1Gi", "RWO", "s", "<unset>", "5m", "Filesystem"],
  ],
  [
    "PersistentVolume",
    {
      spec: {
        capacity: { storage: "1Gi" },
        accessModes: ["ReadWriteMany"],
        persistentVolumeReclaimPolicy: "Retain",
        claimRef: { namespace: "a", name: "b" },
      },
      status: { phase: "Bound" },
    },
    ["one", "1Gi", "RWX", "Retain", "Bound", "a/b", "", "<unset>", "", "5m", "<unset>"],
  ],
  [
    "Service",
    {
      spec: {
        type: "ClusterIP",
        clusterIPs: ["None"],
        ports: [{ port: 4222, protocol: "TCP" }],
        selector: { app: "nats" },
      },
    },
    ["one", "ClusterIP", "None", "<none>", "4222/TCP", "5m", "app=nats"],
  ],
  [
    "Endpoints",
    { subsets: [{ addresses: [{ ip: "1.1.1.1" }, { ip: "1.1.1.2" }], ports: [{ port: 1 }, { port: 2 }] }] },
    ["one", "1.1.1.1:1,1.1.1.2:1,1.1.1.1:2 + 1 more...", "5m"],
  ],
  ["Lease", { spec: { holderIdentity: "me" } }, ["one", "me", "5m"]],
  ["ServiceAccount", {}, ["one", "5m"]],
  ["Role", {}, ["one", "2026-11-21T02:55:00Z"]],
  [
    "RoleBinding",
    {
      roleRef: { kind: "Role", name: "r" },
      subjects: [
        { kind: "ServiceAccount", namespace: "n", name: "s" },
        { kind: "User", name: "u" },
      ],
    },
    ["one", "Role/r", "5m", "u", "", "n/s"],
  ],
  [
    "StorageClass",
    { metadata: { annotations: { "storageclass.kubernetes.io/is-default-class": "true" } }, provisioner: "p" },
    ["one (default)", "p", "Delete", "Immediate", false, "5m"],
  ],
  [
    "BackupConfiguration",
    { spec: { schedule: "@hourly", paused: true, task: { name: "t" } } },
    ["one", "t", "@hourly", true, null, "5m"],
  ],
  [
    "Repository",
    { status: { integrity: true, totalSize: "1 KiB", snapshotCount: 2, lastBackupTime: "2026-11-21T02:59:00Z" } },
    ["one", true, "1 KiB", 2, "60s", "5m"],
  ],
  [
    "Repository",
    { status: { integrity: "yes", totalSize: 5, snapshotCount: "2", lastBackupTime: "soon" } },
    ["one", null, "5", null, "<invalid>", "5m"],
  ],
])("a %s is shown as it is by kubectl get", (kind, object, cells) => {
  expect(row(kind, object)).toEqual(cells);
});

test("a table says what its columns are, marks pods that have ended and holds what is asked for", () => {
  const pods = servedResources.find(({ kind }) => kind === "Pod");
  if (pods === undefined) throw new Error("pods are not served");
  const pod = { metadata, spec: { containers: [] }, status: { phase: "Failed" } };
  const table = tableOf(pods, [pod], { now, includeObject: "Metadata", metadata: { resourceVersion: "5" } });
  expect(table).toMatchObject({
    ...{ kind: "Table", apiVersion: "meta.k8s.io/v1", metadata: { resourceVersion: "5" } },
    rows: [
      {
        conditions: [{ type: "Completed", status: "True", reason: "Failed", message: "The pod failed." }],
        object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata },
      },
    ],
  });
  expect(table["columnDefinitions"]).toContainEqual({
    name: "IP",
    type: "string",
    format: "",
    description: "",
    priority: 1,
  });
  expect(tableOf(pods, [pod], { now, includeObject: "Object" })["rows"]).toMatchObject([{ object: pod }]);
  const bare = tableOf(pods, [pod], { now, includeObject: "None", withoutColumns: true });
  expect(bare["columnDefinitions"]).toBeNull();
  expect(bare["rows"]).not.toMatchObject([{ object: pod }]);
});
