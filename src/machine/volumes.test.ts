import { describe, expect, test } from "vitest";
import { mountsOf } from "./mounts.ts";
import { MachinePod, PodContainer } from "./pod.ts";
import { withServiceAccount } from "./service-account.ts";
import { namedInVolumes, planVolumes, type VolumePlan } from "./volumes.ts";

const place = { nodeName: "node-a", address: "127.0.0.1", cpus: 4, memoryBytes: 2 ** 34 };
const kept = { apiVersion: "v1", metadata: {} };
const base64 = (text: string) => Buffer.from(text).toString("base64");
const named = {
  secrets: new Map([["storage", { ...kept, kind: "Secret", data: { a: base64("1"), b: base64("2") } }]]),
  configMaps: new Map([
    ["settings", { ...kept, kind: "ConfigMap", data: { text: "hello" }, binaryData: { raw: "AP8=" } }],
    ["kube-root-ca.crt", { ...kept, kind: "ConfigMap", data: { "ca.crt": "CA" } }],
  ]),
};

function podOf(spec: object) {
  const metadata = { name: "pod-1", namespace: "demo", uid: "u-1", labels: { app: "x" } };
  return MachinePod.parse({
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: { containers: [{ name: "main" }], ...spec },
  });
}

function plan(...volumes: object[]) {
  const pod = podOf({ volumes: volumes.map((volume) => ({ name: "v", ...volume })) });
  return planVolumes({ pod, place, named }).map(readable);
}

function readable(one: VolumePlan) {
  if (one.kind !== "files") return one;
  const files = one.files.map(
    ({ path, content, mode }) => `${mode.toString(8)} ${path} ${Buffer.from(content).toString("latin1")}`,
  );
  return { files, tokens: one.tokens };
}

const files = (...lines: string[]) => ({ files: lines, tokens: [] });
const lacking = (message: string) => ({ kind: "lacking", name: "v", message });
const failed = (message: string) => lacking(`MountVolume.SetUp failed for volume "v" : ${message}`);
const refused = (kind: string) =>
  lacking(`this node cannot mount a volume of the kind ${kind}: name a claim or a hostPath instead`);

describe("planVolumes", () => {
  test.each<[string, object, object]>([
    ["an emptyDir", { emptyDir: {} }, { kind: "empty", name: "v" }],
    ["no source at all", {}, { kind: "empty", name: "v" }],
    ["a limited emptyDir", { emptyDir: { sizeLimit: "1Mi" } }, { kind: "empty", name: "v", limitBytes: 2 ** 20 }],
    [
      "a hostPath",
      { hostPath: { path: "/x", type: "Directory" } },
      { kind: "host", name: "v", path: "/x", type: "Directory" },
    ],
    ["a claim", { persistentVolumeClaim: { claimName: "c" } }, { kind: "claim", name: "v", claim: "c" }],
    ["an ephemeral claim", { ephemeral: { volumeClaimTemplate: {} } }, { kind: "claim", name: "v", claim: "pod-1-v" }],
    ["nfs", { nfs: { server: "s", path: "/" } }, refused("nfs")],
    [
      "a Secret for nobody else",
      { secret: { secretName: "storage", defaultMode: 0o644 } },
      files("600 a 1", "600 b 2"),
    ],
    ["a Secret's mode", { secret: { secretName: "storage", defaultMode: 0o400 } }, files("400 a 1", "400 b 2")],
    [
      "items of a Secret",
      { secret: { secretName: "storage", items: [{ key: "b", path: "x/y", mode: 0o400 }] } },
      files("400 x/y 2"),
    ],
    ["a missing Secret", { secret: { secretName: "no" } }, failed('secret "no" not found')],
    [
      "a missing key",
      { secret: { secretName: "storage", items: [{ key: "z", path: "z" }] } },
      failed("references non-existent secret key: z"),
    ],
    ["an optional Secret", { secret: { secretName: "no", optional: true } }, files()],
    ["a ConfigMap", { configMap: { name: "settings" } }, files("644 text hello", "644 raw \u0000\u00ff")],
    ["a missing ConfigMap", { configMap: { name: "no" } }, failed('configmap "no" not found')],
    [
      "what the pod knows of itself",
      { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
      files('644 labels app="x"'),
    ],
    [
      "all in one",
      {
        projected: {
          defaultMode: 0o440,
          sources: [
            { secret: { name: "storage", items: [{ key: "a", path: "a" }] } },
            { configMap: { name: "settings", items: [{ key: "text", path: "t" }] } },
            { serviceAccountToken: { path: "token", audience: "vault", expirationSeconds: 600 } },
          ],
        },
      },
      { files: ["400 a 1", "440 t hello"], tokens: [{ path: "token", audience: "vault", expirationSeconds: 600 }] },
    ],
  ])("plans %s", (_title, volume, expected) => expect(plan(volume)).toEqual([expected]));
});

test("namedInVolumes lists what volumes read", () => {
  const pod = podOf({
    volumes: [
      { name: "a", secret: { secretName: "s" } },
      { name: "b", configMap: { name: "c" } },
      { name: "d", projected: { sources: [{ secret: { name: "s" } }, { configMap: { name: "e" } }] } },
    ],
  });
  expect(namedInVolumes(pod.spec.volumes ?? [])).toEqual({ secrets: ["s"], configMaps: ["c", "e"] });
});

describe("mountsOf", () => {
  const places = new Map([
    ["data", "/m/data"],
    ["tmp", "/m/tmp"],
  ]);
  const mounts = (...volumeMounts: object[]) => {
    const container = PodContainer.parse({ name: "main", volumeMounts });
    return mountsOf({ container, places, variables: { POD: "p-1" }, temporary: "/own/tmp", message: "/own/message" });
  };
  const own = { "/tmp": "/own/tmp", "/dev/termination-log": "/own/message" };

  test.each<[string, object, Record<string, string>, string[]]>([
    ["a volume", { name: "data", mountPath: "/data/" }, { "/data": "/m/data" }, []],
    ["a part of it", { name: "data", mountPath: "/d", subPath: "a/b" }, { "/d": "/m/data/a/b" }, ["/m/data/a/b"]],
    [
      "a part by name",
      { name: "data", mountPath: "/d", subPathExpr: "$(POD)" },
      { "/d": "/m/data/p-1" },
      ["/m/data/p-1"],
    ],
    ["no way out", { name: "data", mountPath: "/d", subPath: "../../etc" }, { "/d": "/m/data/etc" }, ["/m/data/etc"]],
    ["a volume at /tmp", { name: "tmp", mountPath: "/tmp" }, { "/tmp": "/m/tmp" }, []],
  ])("mounts %s", (_title, mount, table, folders) =>
    expect(mounts(mount)).toEqual({ table: { ...own, ...table }, folders }),
  );
});

describe("withServiceAccount", () => {
  test("adds the folder that every client of the API looks for", () => {
    const pod = withServiceAccount(podOf({ initContainers: [{ name: "first" }] }));
    const mount = {
      name: "kube-api-access",
      mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
      readOnly: true,
    };
    expect([pod.spec.initContainers?.[0]?.volumeMounts, pod.spec.containers[0]?.volumeMounts]).toEqual([
      [mount],
      [mount],
    ]);
    expect(planVolumes({ pod, place, named }).map(readable)).toEqual([
      { files: ["644 ca.crt CA", "644 namespace demo"], tokens: [{ path: "token", expirationSeconds: 3607 }] },
    ]);
  });

  test.each([
    [
      "has one",
      {
        containers: [
          { name: "main", volumeMounts: [{ name: "x", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }] },
        ],
      },
    ],
    ["wants none", { automountServiceAccountToken: false }],
  ])("leaves a pod alone that %s", (_title, spec) => {
    const pod = podOf(spec);
    expect(withServiceAccount(pod)).toBe(pod);
  });
});
