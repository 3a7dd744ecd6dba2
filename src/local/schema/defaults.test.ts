import { expect, test } from "vitest";
import type { JsonObject } from "../json.ts";
import { servedResources } from "../served.ts";
import { applyDefaults } from "./defaults.ts";

const metadata = { name: "one" };
const container = { name: "c", image: "i" };
const filledContainer = {
  ...{ ...container, resources: {}, terminationMessagePath: "/dev/termination-log", terminationMessagePolicy: "File" },
  imagePullPolicy: "Always",
};
const filledPod = {
  ...{ dnsPolicy: "ClusterFirst", schedulerName: "default-scheduler", securityContext: {} },
  terminationGracePeriodSeconds: 30,
};
const filledTemplate = {
  metadata: {},
  spec: { ...filledPod, restartPolicy: "Never", containers: [filledContainer] },
};
const template = { spec: { restartPolicy: "Never", containers: [container] } };

/** As kube-apiserver 1.35 fills them in, without what admission adds. */
test.each<[string, JsonObject, JsonObject]>([
  [
    "Job",
    { metadata, spec: { template } },
    {
      ...{ metadata, status: {} },
      spec: {
        ...{ parallelism: 1, completions: 1, backoffLimit: 6, manualSelector: false, completionMode: "NonIndexed" },
        ...{ suspend: false, podReplacementPolicy: "TerminatingOrFailed", template: filledTemplate },
      },
    },
  ],
  [
    "CronJob",
    { metadata, spec: { schedule: "@hourly", jobTemplate: { metadata: { labels: { a: "b" } }, spec: { template } } } },
    {
      ...{ metadata, status: {} },
      spec: {
        ...{ schedule: "@hourly", concurrencyPolicy: "Allow", suspend: false },
        ...{ successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
        jobTemplate: { metadata: { labels: { a: "b" } }, spec: { template: filledTemplate } },
      },
    },
  ],
  [
    "Pod",
    {
      metadata,
      spec: {
        hostNetwork: true,
        containers: [
          {
            ...{
              name: "c",
              image: "reg:5000/x:1",
              ports: [{ containerPort: 1 }],
              livenessProbe: { httpGet: { port: 80 } },
            },
            resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "100m" } },
            env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
          },
        ],
        volumes: [
          { name: "a", secret: { secretName: "s" } },
          { name: "b" },
          { name: "c", projected: { sources: [{ serviceAccountToken: { path: "t" } }] } },
          { name: "d", hostPath: { path: "/x" } },
        ],
      },
    },
    {
      ...{ metadata, status: {} },
      spec: {
        ...{ ...filledPod, hostNetwork: true, enableServiceLinks: true, restartPolicy: "Always" },
        containers: [
          {
            ...{ ...filledContainer, image: "reg:5000/x:1", imagePullPolicy: "IfNotPresent" },
            ports: [{ containerPort: 1, hostPort: 1, protocol: "TCP" }],
            livenessProbe: {
              httpGet: { path: "/", port: 80, scheme: "HTTP" },
              ...{ timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
            },
            resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "100m", memory: "1Gi" } },
            env: [{ name: "A", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } }],
          },
        ],
        volumes: [
          { name: "a", secret: { secretName: "s", defaultMode: 420 } },
          { name: "b", emptyDir: {} },
          {
            name: "c",
            projected: { sources: [{ serviceAccountToken: { path: "t", expirationSeconds: 3600 } }], defaultMode: 420 },
          },
          { name: "d", hostPath: { path: "/x", type: "" } },
        ],
      },
    },
  ],
  ["Secret", { metadata, type: "" }, { metadata, type: "Opaque" }],
  [
    "Service",
    { metadata, spec: { ports: [{ port: 1 }, { port: 2, targetPort: "y" }] } },
    {
      ...{ metadata, status: { loadBalancer: {} } },
      spec: {
        ...{ type: "ClusterIP", sessionAffinity: "None", internalTrafficPolicy: "Cluster" },
        ports: [
          { port: 1, protocol: "TCP", targetPort: 1 },
          { port: 2, protocol: "TCP", targetPort: "y" },
        ],
      },
    },
  ],
  [
    "Namespace",
    { metadata },
    { metadata: { ...metadata, labels: { "kubernetes.io/metadata.name": "one" } }, spec: {}, status: {} },
  ],
  [
    "RoleBinding",
    {
      metadata,
      roleRef: { kind: "Role", name: "x" },
      subjects: [
        { kind: "ServiceAccount", name: "a" },
        { kind: "User", name: "u" },
      ],
    },
    {
      ...{ metadata, roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "x" } },
      subjects: [
        { kind: "ServiceAccount", name: "a" },
        { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "u" },
      ],
    },
  ],
  [
    "StorageClass",
    { metadata, provisioner: "x" },
    { metadata, provisioner: "x", reclaimPolicy: "Delete", volumeBindingMode: "Immediate" },
  ],
  ["ConfigMap", { metadata }, { metadata }],
  ["Lease", { metadata }, { metadata, spec: {} }],
  [
    "BackupConfiguration",
    { metadata, spec: { retryConfig: {} } },
    { metadata, spec: { driver: "Restic", retryConfig: { maxRetry: 1 } } },
  ],
  ["RestoreSession", { metadata }, { metadata, spec: { driver: "Restic" } }],
  [
    "BackupBatch",
    { metadata, spec: { members: [{ hooks: { postBackup: {} } }] } },
    {
      metadata,
      spec: {
        ...{ driver: "Restic", executionOrder: "Parallel" },
        members: [{ hooks: { postBackup: { executionPolicy: "Always" } } }],
      },
    },
  ],
])("a %s is filled in, once and for all", (kind, given, expected) => {
  const resource = servedResources.find((each) => each.kind === kind);
  if (resource === undefined) throw new Error(`${kind} is not served`);
  const filled = applyDefaults(resource, given);
  expect(filled).toEqual(expected);
  expect(applyDefaults(resource, filled)).toEqual(expected);
});
