import { expect, test } from "vitest";
import type { JsonObject } from "../json.ts";
import { servedResources } from "../served.ts";
import { validate, validateUpdate } from "./validate.ts";

function servedOf(kind: string) {
  const found = servedResources.find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`${kind} is not served`);
  return found;
}

const metadata = { name: "one" };
const container = { name: "c", image: "i" };
const template = { spec: { restartPolicy: "Never", containers: [container] } };
const pod = (spec: JsonObject) => ({ metadata, spec: { containers: [container], ...spec } });
const jobOf = (spec: JsonObject, uid = "u") => {
  const matchLabels = { "batch.kubernetes.io/controller-uid": "u" };
  const labels = { ...matchLabels, "controller-uid": "u", "job-name": "one", "batch.kubernetes.io/job-name": "one" };
  const own = { metadata: { labels }, spec: template.spec };
  return { metadata: { ...metadata, uid }, spec: { selector: { matchLabels }, template: own, ...spec } };
};
const cronJob = (spec: JsonObject) => ({
  metadata,
  spec: { schedule: "@hourly", jobTemplate: { spec: { template } }, ...spec },
});
const retentionPolicy = { name: "x", prune: true };
const backup = (spec: JsonObject) => ({ metadata, spec: { retentionPolicy, ...spec } });
const unchecked =
  "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
const duration = "must be a duration such as 90s, 30m or 2h45m (there are no days)";
const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/** As kube-apiserver 1.35 answers; tests/local/shapes.test.ts compares far more of them with a real one. */
test.each<[string, JsonObject, readonly string[]]>([
  ["Pod", pod({}), []],
  [
    "Pod",
    pod({ containers: [{ name: "A_" }] }),
    [`spec.containers[0].name: Invalid value: "A_": ${label}`, "spec.containers[0].image: Required value"],
  ],
  [
    "Pod",
    pod({ restartPolicy: "x" }),
    ['spec.restartPolicy: Unsupported value: "x": supported values: "Always", "OnFailure", "Never"'],
  ],
  [
    "Pod",
    pod({
      volumes: [{ name: "v", configMap: { name: "m", items: [{ key: "k", path: "../../api/ESCAPED" }] } }],
      containers: [{ ...container, volumeMounts: [{ name: "v", mountPath: "/v", subPath: "a/../.." }] }],
    }),
    [
      "spec.volumes[0].configMap.items[0].path: Invalid value: \"../../api/ESCAPED\": must not contain '..'",
      "spec.containers[0].volumeMounts.subPath: Invalid value: \"a/../..\": must not contain '..'",
    ],
  ],
  ["Pod", pod({ containers: [container, container] }), ['spec.containers[1].name: Duplicate value: "c"']],
  [
    "Pod",
    { metadata: {}, spec: { containers: [container] } },
    ["metadata.name: Required value: name or generateName is required"],
  ],
  [
    "Job",
    {
      metadata,
      spec: { backoffLimit: -1, selector: { matchLabels: { a: "b" } }, template: { spec: { containers: [] } } },
    },
    [
      "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0",
      "spec.template.spec.containers: Required value",
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
      "spec.template.metadata.labels[controller-uid]: Required value: must be ''",
      "spec.template.metadata.labels[job-name]: Required value: must be 'one'",
      "spec.template.metadata.labels[batch.kubernetes.io/controller-uid]: Required value: must be ''",
      "spec.template.metadata.labels[batch.kubernetes.io/job-name]: Required value: must be 'one'",
      'spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` not auto-generated',
      "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
    ],
  ],
  [
    "Job",
    {
      metadata: { name: "a.b", uid: "u" },
      spec: { ...jobOf({}).spec, manualSelector: true, completionMode: "Indexed", completions: 5, maxFailedIndexes: 1 },
    },
    [
      "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
      'metadata.name: Invalid value: "a.b": will not able to create pod with invalid DNS label: a.b-4',
    ],
  ],
  ["CronJob", cronJob({}), []],
  ["CronJob", cronJob({ schedule: "" }), ["spec.schedule: Required value"]],
  [
    "CronJob",
    cronJob({ schedule: "* * * *" }),
    ['spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
  ],
  [
    "CronJob",
    cronJob({ schedule: "70 * * * *" }),
    [expect.stringMatching(/^spec.schedule: Invalid value: "70 \* \* \* \*": ./)],
  ],
  [
    "CronJob",
    cronJob({ timeZone: "Mars/Base" }),
    ['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'],
  ],
  [
    "CronJob",
    { ...cronJob({}), metadata: { name: "a".repeat(53) } },
    [expect.stringContaining("must be no more than 52 characters")],
  ],
  [
    "Secret",
    { metadata, type: "kubernetes.io/tls" },
    ["data[tls.crt]: Required value", "data[tls.key]: Required value"],
  ],
  [
    "Secret",
    { metadata, type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": "eA==" } },
    ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": it is no JSON'],
  ],
  ["ConfigMap", { metadata, data: { "..": "x" } }, [`data[..]: Invalid value: "..": must not be '..'`]],
  ["Namespace", { metadata: { name: "a.b" } }, ['metadata.name: Invalid value: "a.b": must not contain dots']],
  [
    "PersistentVolumeClaim",
    { metadata, spec: {} },
    ["spec.accessModes: Required value: at least 1 access mode is required", "spec.resources[storage]: Required value"],
  ],
  ["Event", { metadata: { ...metadata, namespace: "default" }, involvedObject: {} }, []],
  [
    "Event",
    { metadata: { ...metadata, namespace: "demo" }, involvedObject: {} },
    ['involvedObject.namespace: Invalid value: "": does not match event.namespace'],
  ],
  ["BackupConfiguration", backup({}), []],
  ["BackupConfiguration", { metadata, spec: {} }, ["spec.retentionPolicy: Required value", unchecked]],
  [
    "BackupConfiguration",
    backup({ schedule: 3 }),
    ['spec.schedule: Invalid value: "integer": spec.schedule in body must be of type string: "integer"', unchecked],
  ],
  [
    "BackupConfiguration",
    backup({ hooks: { preBackup: { httpGet: { port: true } } } }),
    [
      'spec.hooks.preBackup.httpGet.port: Invalid value: "boolean": spec.hooks.preBackup.httpGet.port in body must be of type integer,string: "boolean"',
      unchecked,
    ],
  ],
  [
    "BackupConfiguration",
    backup({ driver: "x" }),
    ['spec.driver: Unsupported value: "x": supported values: "Restic", "VolumeSnapshotter"', unchecked],
  ],
  ["BackupConfiguration", backup({ timeOut: "x" }), [`spec.timeOut: Invalid value: "x": ${duration}`]],
  [
    "BackupConfiguration",
    backup({ timeOut: "x".repeat(65) }),
    ["spec.timeOut: Too long: may not be more than 64 bytes", unchecked],
  ],
  [
    "Repository",
    { metadata, spec: { wipeOut: true, backend: { local: { mountPath: "/x" } } } },
    ["spec: Invalid value: wipeOut cannot be used with the backends local and b2"],
  ],
  ["BackupSession", { metadata, spec: {} }, ["spec.invoker: Required value"]],
])("a new %s, number %#", (kind, object, messages) => {
  expect(validate(servedOf(kind), object).map(({ field, message }) => `${field}: ${message}`)).toEqual(messages);
});

const immutable = "field is immutable";

test.each<[string, JsonObject, JsonObject, readonly string[]]>([
  ["ConfigMap", { metadata, data: { a: "b" } }, { metadata, data: { a: "c" } }, []],
  [
    "ConfigMap",
    { metadata, immutable: true, data: { a: "b" } },
    { metadata, data: { a: "c" } },
    [
      "immutable: Forbidden: field is immutable when `immutable` is set",
      "data: Forbidden: field is immutable when `immutable` is set",
    ],
  ],
  [
    "ConfigMap",
    { metadata },
    { metadata: { ...metadata, uid: "x" } },
    [`metadata.uid: Invalid value: "x": ${immutable}`],
  ],
  ["Secret", { metadata, type: "Opaque" }, { metadata, type: "x" }, [`type: Invalid value: "x": ${immutable}`]],
  ["CronJob", cronJob({ timeZone: "Gone/Zone" }), cronJob({ timeZone: "Gone/Zone", suspend: true }), []],
  ["Pod", pod({}), pod({ containers: [{ ...container, image: "z" }], activeDeadlineSeconds: 5 }), []],
  [
    "Pod",
    pod({}),
    pod({ containers: [container, { ...container, name: "d" }] }),
    ["spec.containers: Forbidden: pod updates may not add or remove containers"],
  ],
  [
    "Pod",
    pod({}),
    pod({ restartPolicy: "Never" }),
    [
      expect.stringMatching(
        /^spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`/,
      ),
    ],
  ],
  [
    "RoleBinding",
    { metadata, roleRef: { kind: "Role", name: "x" } },
    { metadata, roleRef: { kind: "Role", name: "y" } },
    ['roleRef: Invalid value: {"kind":"Role","name":"y"}: cannot change roleRef'],
  ],
  [
    "RestoreSession",
    { metadata, spec: {} },
    { metadata, spec: { repository: { name: "r" } } },
    ["spec: Invalid value: cannot be changed; make a new object instead"],
  ],
  ["RestoreSession", { metadata, spec: {} }, { metadata, spec: {}, status: { phase: "Running" } }, []],
])("a changed %s, number %#", (kind, before, after, messages) => {
  expect(validateUpdate(servedOf(kind), before, after).map(({ field, message }) => `${field}: ${message}`)).toEqual(
    messages,
  );
});

const affinity = (...names: readonly string[]) => ({
  suspend: true,
  template: {
    ...jobOf({}).spec.template,
    spec: { ...template.spec, affinity: Object.fromEntries(names.map((name) => [name, {}])) },
  },
});

test.each<[JsonObject, JsonObject, readonly string[]]>([
  [{}, { parallelism: 2, suspend: true, ttlSecondsAfterFinished: 5 }, []],
  [{ completions: 1 }, { completions: 2 }, ["spec.completions"]],
  [
    { completions: 1, parallelism: 1, completionMode: "Indexed" },
    { completions: 2, parallelism: 2, completionMode: "Indexed" },
    [],
  ],
  [
    { completions: 2, parallelism: 1, completionMode: "Indexed" },
    { completions: 2, parallelism: 3, completionMode: "Indexed" },
    [],
  ],
  [{}, { managedBy: "a/b" }, ["spec.managedBy"]],
  [{ suspend: true }, affinity("nodeAffinity"), []],
  [{ suspend: true }, affinity("nodeAffinity", "podAffinity"), ["spec.template"]],
  [{}, affinity("nodeAffinity"), ["spec.template"]],
])("of a Job, %j may become %j but for %j", (before, after, fields) => {
  const errors = validateUpdate(servedOf("Job"), jobOf(before), jobOf(after));
  expect(errors.map(({ field }) => field)).toEqual(fields);
});

test("an Indexed Job is made longer together with its parallelism only", () => {
  const [before, after] = [1, 2].map((completions) =>
    jobOf({ completions, parallelism: 1, completionMode: "Indexed" }),
  );
  expect(validateUpdate(servedOf("Job"), before ?? {}, after ?? {}).map(({ message }) => message)).toEqual([
    "Invalid value: 2: can only be modified in tandem with spec.parallelism",
  ]);
});

test("a Job of another uid would not find its pods; whose status is written is not asked", () => {
  const [before, after] = [jobOf({}), jobOf({}, "x")];
  expect(validateUpdate(servedOf("Job"), before, after).map(({ field }) => field)).toEqual([
    "metadata.uid",
    "spec.template.metadata.labels[controller-uid]",
    "spec.template.metadata.labels[batch.kubernetes.io/controller-uid]",
    "spec.selector",
  ]);
  expect(validateUpdate(servedOf("Job"), before, after, { isStatus: true }).map(({ field }) => field)).toEqual([
    "metadata.uid",
  ]);
});
