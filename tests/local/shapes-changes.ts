import type { JsonObject, JsonValue } from "../../src/local/json.ts";

/** An object that the API server has, and what is asked of it. */
export interface Kept {
  readonly object: JsonObject;
  /** Merge patches: what may become of it. */
  readonly changes?: readonly JsonObject[];
  readonly strategic?: readonly JsonObject[];
  readonly json?: readonly JsonValue[];
}

const container = { name: "c", image: "i" };
const template = { spec: { restartPolicy: "Never", containers: [container] } };
const retentionPolicy = { name: "x", keepLast: 5, prune: true };

const rich = {
  automountServiceAccountToken: false,
  restartPolicy: "Never",
  containers: [
    {
      ...{ name: "one", image: "i", args: ["x", "y"], ports: [{ containerPort: 1 }, { containerPort: 2 }] },
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ],
    },
    { name: "two", image: "i" },
  ],
  volumes: [
    { name: "v", emptyDir: {} },
    { name: "w", secret: { secretName: "s" } },
  ],
  ...{ tolerations: [{ key: "k" }], imagePullSecrets: [{ name: "p" }], nodeSelector: { a: "b" } },
};
const inPod = (spec: JsonObject) => ({ spec: { jobTemplate: { spec: { template: { spec } } } } });

export const kept: Readonly<Record<string, Kept>> = {
  Job: {
    object: { spec: { suspend: true, template } },
    changes: [
      ...[
        { completions: 2 },
        { parallelism: 2 },
        { backoffLimit: 1 },
        { completionMode: "Indexed" },
        { suspend: false },
      ],
      ...[{ activeDeadlineSeconds: 5 }, { ttlSecondsAfterFinished: -5 }, { managedBy: "a/b" }],
      ...[{ template: { metadata: { labels: { x: "y" } } } }, { podReplacementPolicy: "Failed" }],
    ].map((spec) => ({ spec })),
  },
  CronJob: {
    object: {
      metadata: { finalizers: ["a/x", "a/y"], labels: { a: "1", b: "2" } },
      spec: { schedule: "@hourly", jobTemplate: { spec: { template: { spec: rich } } } },
    },
    changes: [{ spec: { schedule: "@daily" } }, { spec: { schedule: "x" } }, { metadata: { uid: "x" } }],
    strategic: [
      inPod({ containers: [{ name: "one", image: "z" }] }),
      inPod({ containers: [{ name: "n", image: "i" }] }),
      inPod({ containers: [{ name: "one", $patch: "delete" }] }),
      inPod({ containers: [{ $patch: "replace" }, { name: "n", image: "i" }] }),
      inPod({
        containers: [
          {
            name: "one",
            env: [
              { name: "B", value: "9" },
              { name: "C", value: "3" },
            ],
            args: ["z"],
          },
        ],
      }),
      inPod({ containers: [{ name: "one", ports: [{ containerPort: 2, protocol: "UDP" }, { containerPort: 3 }] }] }),
      inPod({
        containers: [
          { name: "one", image: "z" },
          { name: "one", args: ["q"] },
        ],
      }),
      inPod({ containers: [{ name: "one", env: null }] }),
      inPod({ containers: [] }),
      inPod({ volumes: [{ name: "v", emptyDir: null, secret: { secretName: "q" } }] }),
      inPod({ volumes: [{ name: "v", $retainKeys: ["name", "secret"], secret: { secretName: "q" } }] }),
      inPod({ volumes: [{ name: "n", configMap: { name: "x", items: null } }] }),
      inPod({
        initContainers: [
          { name: "g", $patch: "delete" },
          { name: "n", image: "i", env: [{ name: "x", value: null }] },
        ],
      }),
      inPod({ nodeSelector: { $patch: "replace", c: "d" } }),
      inPod({ nodeSelector: { a: null, c: "d" } }),
      inPod({ nodeSelector: { $patch: "delete" } }),
      inPod({ tolerations: [{ key: "z" }], imagePullSecrets: [{ name: "q" }] }),
      inPod({ "$setElementOrder/containers": [{ name: "two" }, { name: "one" }] }),
      inPod({
        "$setElementOrder/containers": [{ name: "two" }, { name: "n" }, { name: "one" }],
        containers: [{ name: "n", image: "i" }],
      }),
      inPod({
        "$setElementOrder/containers": [{ name: "one" }, { name: "two" }],
        containers: [{ name: "two", $patch: "delete" }],
      }),
      { metadata: { finalizers: ["a/z"] } },
      { metadata: { "$deleteFromPrimitiveList/finalizers": ["a/x"] } },
      { metadata: { "$setElementOrder/finalizers": ["a/z", "a/y", "a/x"], finalizers: ["a/z"] } },
      { metadata: { labels: { a: null, c: "3" }, annotations: { q: "r" } } },
      { metadata: { labels: { $patch: "replace", z: "1" } } },
    ],
  },
  Pod: {
    object: { spec: { automountServiceAccountToken: false, containers: [container] } },
    changes: [
      ...[{ containers: [container, { ...container, name: "d" }] }, { activeDeadlineSeconds: 5 }],
      ...[{ containers: [{ ...container, image: "z", resources: {}, ...filled() }] }],
    ].map((spec) => ({ spec })),
  },
  ConfigMap: {
    object: { data: { a: "1", b: "2" } },
    changes: [{ data: { a: null } }, { data: null }, { metadata: { labels: { a: "b" } } }, { metadata: { uid: "x" } }],
    strategic: [{ data: { a: null, c: "3" } }, { data: null }, { zz: 1 }],
    json: [
      [],
      [{ op: "test", path: "/data/a", value: "x" }],
      [{ op: "test", path: "/data/none", value: null }],
      [{ op: "remove", path: "/data/none" }],
      [{ op: "replace", path: "/data/none", value: "x" }],
      [{ op: "add", path: "/none/b", value: "x" }],
      [
        { op: "add", path: "/metadata/finalizers", value: ["a/x"] },
        { op: "add", path: "/metadata/finalizers/-", value: "a/y" },
      ],
      [
        { op: "add", path: "/metadata/finalizers", value: ["a/x"] },
        { op: "add", path: "/metadata/finalizers/5", value: "a/y" },
      ],
      [
        { op: "add", path: "/metadata/finalizers", value: ["a/x"] },
        { op: "remove", path: "/metadata/finalizers/-1" },
      ],
      [{ op: "move", from: "/data/a", path: "/data/q" }],
      [{ op: "copy", from: "/data/a", path: "/data/q" }],
      [{ op: "add", path: "/data/n" }],
      [{ op: "frob", path: "/data/a" }],
      { op: "add", path: "/data/n", value: "x" },
    ],
  },
  Secret: {
    object: { immutable: true, data: { a: "YQ==" } },
    changes: [{ type: "x" }, { data: { a: "Yg==" } }, { immutable: false }],
  },
  RoleBinding: {
    object: { roleRef: { kind: "Role", name: "x" } },
    changes: [{ subjects: [{ kind: "User", name: "u" }] }],
  },
  StorageClass: {
    object: { provisioner: "x" },
    changes: [{ provisioner: "y" }, { reclaimPolicy: "Retain" }, { parameters: { a: "b" } }],
  },
  RestoreSession: {
    object: { spec: { repository: { name: "r" } } },
    changes: [
      { spec: { repository: { name: "q" } } },
      { spec: { timeOut: "x" } },
      { metadata: { labels: { a: "b" } } },
    ],
  },
  BackupConfiguration: {
    object: { spec: { retentionPolicy } },
    changes: [{ spec: { driver: "x" } }, { spec: { retryConfig: {} } }, { spec: { retentionPolicy: { name: null } } }],
    json: [[{ op: "remove", path: "/spec/retentionPolicy" }], [{ op: "add", path: "/spec/paused", value: true }]],
  },
};

/** A merge patch replaces lists: what was filled in has to come along. */
function filled(): JsonObject {
  return {
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: "Always",
  };
}

export const labelSelectors: readonly string[] = [
  ...["a=b", "a!=b", "a in (b,c)", "a notin (b)", "a", "!a", "a,b=c", "", ",", "a=", "a in ()", "a in (b,", "a in b"],
  ...[
    "a=b=c",
    "=b",
    "a b",
    "a>1",
    "a<5",
    "a>x",
    "a=b,",
    "a=b,,c",
    "x/y/z=z",
    "-a=b",
    "a=-b",
    "!a=b",
    "a!",
    "(a)",
    "in in (in)",
  ],
];
export const fieldSelectors: readonly string[] = [
  ...["metadata.name=one", "metadata.name!=one", "metadata.name", "foo=bar", "metadata.name=a\\x", "metadata.name=a=b"],
  ...["status.phase=x", "spec.nodeName=", "type=Opaque", "", "metadata.namespace=demo,metadata.name=one"],
];
