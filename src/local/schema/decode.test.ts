import { expect, test } from "vitest";
import type { JsonObject } from "../json.ts";
import { servedResources } from "../served.ts";
import { cannotHandle, decode, strictly } from "./decode.ts";

function decoded(kind: string, object: JsonObject) {
  const resource = servedResources.find((each) => each.kind === kind);
  if (resource === undefined) throw new Error(`${kind} is not served`);
  return decode(resource, object);
}

const retentionPolicy = { name: "x", keepLast: 5, prune: true };

/** As kube-apiserver 1.35 keeps it. */
test.each<[string, JsonObject, JsonObject]>([
  ["Secret", { data: { a: "YQ==\n" } }, { data: { a: "YQ==" } }],
  ["Secret", { data: null, stringData: { a: null } }, { stringData: { a: "" } }],
  ["ConfigMap", { data: {}, metadata: { labels: {}, annotations: null } }, { metadata: {} }],
  [
    "PersistentVolumeClaim",
    { spec: { resources: { requests: { storage: "1024Mi" }, limits: { storage: 5 } } } },
    { spec: { resources: { requests: { storage: "1Gi" }, limits: { storage: "5" } } } },
  ],
  [
    "Pod",
    { spec: { containers: [{ name: "c", args: [], command: null }] } },
    { spec: { containers: [{ name: "c" }] } },
  ],
  ["Pod", { spec: { volumes: [{ name: "v", emptyDir: {} }] } }, { spec: { volumes: [{ name: "v", emptyDir: {} }] } }],
  [
    "Lease",
    { spec: { renewTime: "2026-11-21T03:00:00.123456Z" } },
    { spec: { renewTime: "2026-11-21T03:00:00.123456Z" } },
  ],
  ["Job", { status: { startTime: "2026-11-21T05:00:00.25+02:00" } }, { status: { startTime: "2026-11-21T03:00:00Z" } }],
  ["BackupConfiguration", { spec: { schedule: null, retentionPolicy } }, { metadata: {}, spec: { retentionPolicy } }],
  [
    "BackupConfiguration",
    {
      spec: {
        target: { ref: null },
        task: { params: [null] },
        runtimeSettings: { pod: { nodeSelector: { a: null } } },
      },
    },
    { metadata: {}, spec: { target: {}, task: { params: [null] }, runtimeSettings: { pod: { nodeSelector: {} } } } },
  ],
  [
    "AppBinding",
    { metadata: { labels: {} }, spec: { parameters: { any: null, thing: [1] } } },
    { metadata: {}, spec: { parameters: { any: null, thing: [1] } } },
  ],
])("a %s: %j", (kind, given, kept) => {
  const result = decoded(kind, given);
  if (result.kind === "refused") throw new Error(result.message);
  expect({ ...result.object, apiVersion: 0, kind: 0 }).toEqual({ apiVersion: 0, kind: 0, ...kept });
  expect(result.unknownFields).toEqual([]);
});

test.each<[string, JsonObject, readonly string[]]>([
  [
    "Pod",
    {
      metadata: { foo: 1 },
      zz: 1,
      spec: { foo: 1, containers: [{ name: "c", x: 1 }], volumes: [{ name: "a", emptyDir: { q: 1 } }] },
    },
    ["metadata.foo", "zz", "spec.foo", "spec.containers[0].x", "spec.volumes[0].emptyDir.q"],
  ],
  [
    "BackupConfiguration",
    { zzz: 1, spec: { foo: 1, target: { bar: [1], ref: { x: 1 }, volumeMounts: [{ zz: 1 }] } }, metadata: { foo: 1 } },
    ["metadata.foo", "spec.foo", "spec.target.bar", "spec.target.ref.x", "spec.target.volumeMounts[0].zz", "zzz"],
  ],
  ["ConfigMap", JSON.parse('{"__proto__":{"a":1},"data":{"__proto__":"x"}}'), ["__proto__"]],
])("a %s loses the fields that it does not have", (kind, given, fields) => {
  const result = decoded(kind, given);
  expect(result).toMatchObject({ kind: "decoded", unknownFields: fields });
});

test("strict validation names every unknown field", () => {
  const pods = servedResources.find(({ kind }) => kind === "Pod");
  if (pods === undefined) throw new Error("pods are not served");
  expect(cannotHandle(pods, strictly(["metadata.foo", "zz"]))).toBe(
    'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "metadata.foo", unknown field "zz"',
  );
});

/** As kube-apiserver 1.35 answers. */
test.each<[string, JsonObject, string]>([
  ["Pod", { spec: { containers: "x" } }, "string into Go struct field PodSpec.spec.containers of type []v1.Container"],
  [
    "Pod",
    { spec: { containers: [{ name: 3 }] } },
    "number into Go struct field Container.spec.containers.name of type string",
  ],
  ["Pod", { spec: { hostNetwork: "yes" } }, "string into Go struct field PodSpec.spec.hostNetwork of type bool"],
  ["Pod", { metadata: { labels: { a: 1 } } }, "number into Go struct field ObjectMeta.metadata.labels of type string"],
  ["Job", { spec: { backoffLimit: "x" } }, "string into Go struct field JobSpec.spec.backoffLimit of type int32"],
  ["Job", { spec: { backoffLimit: 1.5 } }, "number 1.5 into Go struct field JobSpec.spec.backoffLimit of type int32"],
  [
    "Job",
    { spec: { backoffLimit: 99999999999 } },
    "number 99999999999 into Go struct field JobSpec.spec.backoffLimit of type int32",
  ],
  ["Job", { spec: { suspend: "x" } }, "string into Go struct field JobSpec.spec.suspend of type bool"],
  ["Secret", { data: { a: 3 } }, "number into Go struct field Secret.data of type []uint8"],
  ["Secret", { data: "x" }, "string into Go struct field Secret.data of type map[string][]uint8"],
  ["Secret", { stringData: { a: 1 } }, "number into Go struct field Secret.stringData of type string"],
  ["ConfigMap", { data: { a: true } }, "bool into Go struct field ConfigMap.data of type string"],
  [
    "BackupConfiguration",
    { metadata: { labels: { a: 3 } } },
    "number into Go struct field ObjectMeta.labels of type string",
  ],
])("a %s of the wrong type: %j", (kind, given, message) => {
  expect(decoded(kind, given)).toMatchObject({
    message: expect.stringContaining(` cannot be handled as a ${kind}: json: cannot unmarshal ${message}`),
  });
});

test.each<[string, JsonObject, string]>([
  ["Secret", { data: { a: "!" } }, "illegal base64 data at input byte 0"],
  ["Secret", { data: { a: "YQ" } }, "illegal base64 data at input byte 0"],
  [
    "PersistentVolumeClaim",
    { spec: { resources: { requests: { storage: "1 Gi" } } } },
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  ],
  [
    "Pod",
    { metadata: { creationTimestamp: "x" } },
    'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
  ],
  [
    "Lease",
    { spec: { renewTime: "2026-11-21T03:00:00Z" } },
    'parsing time "2026-11-21T03:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
  ],
])("a %s with what cannot be read: %j", (kind, given, message) => {
  expect(decoded(kind, given)).toEqual({
    kind: "refused",
    message: `${kind} in version "v1" cannot be handled as a ${kind}: ${message}`,
    why: message,
  });
});
