import { describe, expect, test } from "vitest";
import { buildEnvironment, namedIn } from "./environment.ts";
import { MachinePod, PodContainer } from "./pod.ts";

const place = { nodeName: "node-a", address: "127.0.0.1", cpus: 4, memoryBytes: 2 ** 34 };
const base64 = (text: string) => Buffer.from(text).toString("base64");
const kept = { apiVersion: "v1", metadata: {} };
const named = {
  secrets: new Map([
    ["storage", { ...kept, kind: "Secret", data: { RESTIC_PASSWORD: base64("p w"), "not=a name": base64("x") } }],
  ]),
  configMaps: new Map([["settings", { ...kept, kind: "ConfigMap", data: { level: "debug" } }]]),
};

function build(container: object) {
  const spec = { serviceAccountName: "runner", containers: [{ name: "main", ...container }] };
  const metadata = {
    name: "pod-1",
    namespace: "demo",
    uid: "u-1",
    labels: { app: "x", "batch.kubernetes.io/job-name": "job-7" },
    annotations: { note: 'say "hi"' },
  };
  const pod = MachinePod.parse({ apiVersion: "v1", kind: "Pod", metadata, spec });
  const request = { pod, container: PodContainer.parse({ name: "main", ...container }), place, named };
  return buildEnvironment({ ...request, base: { PATH: "/bin" } });
}

const built = (variables: Record<string, string>) => ({ kind: "built", variables: { PATH: "/bin", ...variables } });
const lacking = (message: string) => ({ kind: "lacking", message });
const from = (valueFrom: object) => ({ env: [{ name: "X", valueFrom }] });

describe("buildEnvironment", () => {
  test.each([
    ["literal values", { env: [{ name: "X", value: "1" }, { name: "EMPTY" }] }, built({ X: "1", EMPTY: "" })],
    [
      "variables that stand before",
      {
        env: [
          { name: "X", value: "1" },
          { name: "Y", value: "$(X)$(Z)$(PATH)" },
          { name: "Z", value: "3" },
        ],
      },
      built({ X: "1", Y: "1$(Z)/bin", Z: "3" }),
    ],
    ["what the base has too", { env: [{ name: "PATH", value: "/own:$(PATH)" }] }, built({ PATH: "/own:/bin" })],
    ["a Secret's key", from({ secretKeyRef: { name: "storage", key: "RESTIC_PASSWORD" } }), built({ X: "p w" })],
    ["a ConfigMap's key", from({ configMapKeyRef: { name: "settings", key: "level" } }), built({ X: "debug" })],
    ["a missing Secret", from({ secretKeyRef: { name: "absent", key: "k" } }), lacking('secret "absent" not found')],
    [
      "a missing key",
      from({ secretKeyRef: { name: "storage", key: "k" } }),
      lacking("couldn't find key k in secret storage"),
    ],
    ["an optional key", from({ secretKeyRef: { name: "absent", key: "k", optional: true } }), built({})],
    ["a whole Secret", { envFrom: [{ secretRef: { name: "storage" } }] }, built({ RESTIC_PASSWORD: "p w" })],
    [
      "a whole ConfigMap with a prefix, then its own",
      { envFrom: [{ prefix: "S_", configMapRef: { name: "settings" } }], env: [{ name: "Y", value: "$(S_level)" }] },
      built({ S_level: "debug", Y: "debug" }),
    ],
    ["a missing ConfigMap", { envFrom: [{ configMapRef: { name: "no" } }] }, lacking('configmap "no" not found')],
    ["an optional ConfigMap", { envFrom: [{ configMapRef: { name: "no", optional: true } }] }, built({})],
  ])("puts in %s", (_title, container, expected) => expect(build(container)).toEqual(expected));

  test.each([
    ["metadata.name", "pod-1"],
    ["metadata.namespace", "demo"],
    ["metadata.uid", "u-1"],
    ["metadata.labels['batch.kubernetes.io/job-name']", "job-7"],
    ["metadata.labels['none']", ""],
    ["metadata.annotations['note']", 'say "hi"'],
    ["metadata.labels", 'app="x"\nbatch.kubernetes.io/job-name="job-7"'],
    ["metadata.annotations", 'note="say \\"hi\\""'],
    ["spec.nodeName", "node-a"],
    ["spec.serviceAccountName", "runner"],
    ["status.podIP", "127.0.0.1"],
    ["status.hostIP", "127.0.0.1"],
  ])("knows the field %s", (fieldPath, text) =>
    expect(build(from({ fieldRef: { fieldPath } }))).toEqual(built({ X: text })),
  );

  test("says which field it does not know", () => {
    const expected = lacking('this node does not know the field "spec.restartPolicy"');
    expect(build(from({ fieldRef: { fieldPath: "spec.restartPolicy" } }))).toEqual(expected);
  });

  test.each([
    [{ resource: "limits.memory" }, "1073741824"],
    [{ resource: "limits.memory", divisor: "1Mi" }, "1024"],
    [{ resource: "limits.cpu" }, "4"],
    [{ resource: "requests.cpu", divisor: "1m" }, "100"],
    [{ resource: "requests.cpu" }, "1"],
    [{ resource: "requests.memory" }, "1073741824"],
  ])("knows the resource %j", (resourceFieldRef, text) => {
    const resources = { limits: { memory: "1Gi" }, requests: { cpu: "100m" } };
    expect(build({ resources, ...from({ resourceFieldRef }) })).toEqual(built({ X: text }));
  });
});

test("namedIn lists each object once", () => {
  const container = PodContainer.parse({
    name: "main",
    envFrom: [{ secretRef: { name: "a" } }, { configMapRef: { name: "c" } }],
    env: [
      { name: "X", valueFrom: { secretKeyRef: { name: "a", key: "k" } } },
      { name: "Y", valueFrom: { secretKeyRef: { name: "b", key: "k" } } },
      { name: "Z", valueFrom: { configMapKeyRef: { name: "d", key: "k" } } },
    ],
  });
  expect(namedIn(container)).toEqual({ secrets: ["a", "b"], configMaps: ["c", "d"] });
});
