import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryCluster } from "../../tests/support/memory-cluster.ts";
import { configMaps } from "../kube/core.ts";
import { MachinePod } from "./pod.ts";
import { prepareVolumes } from "./pod-volumes.ts";

const place = { nodeName: "node-a", address: "127.0.0.1", cpus: 4, memoryBytes: 2 ** 34 };
const { signal } = new AbortController();
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "coldstream-pod-volumes-"));
});
afterAll(async () => await rm(root, { recursive: true }));

test.each([
  ["a key", { configMap: { name: "m", items: [{ key: "k", path: "../../../ESCAPED" }] } }],
  ["a field", { downwardAPI: { items: [{ path: "../../../ESCAPED", fieldRef: { fieldPath: "metadata.name" } }] } }],
  ["a token", { projected: { sources: [{ serviceAccountToken: { path: "../../../ESCAPED" } }] } }],
])("writes %s nowhere but in its volume", async (title, source) => {
  const cluster = memoryCluster();
  await cluster.create(configMaps, { metadata: { namespace: "demo", name: "m" }, data: { k: "x" } }, { signal });
  const metadata = { name: "pod-1", namespace: "demo", uid: "u-1" };
  const spec = { containers: [], volumes: [{ name: "v", ...source }] };
  const pod = MachinePod.parse({ apiVersion: "v1", kind: "Pod", metadata, spec });
  const folder = join(root, title, "pod");
  await mkdir(folder, { recursive: true });
  const claims = { all: undefined as never, place: async () => ({ kind: "lacking", message: "" }) as const };
  expect(await prepareVolumes(pod, { cluster, claims, place, folder, signal })).toEqual({
    kind: "lacking",
    message: 'MountVolume.SetUp failed for volume "v" : ../../../ESCAPED leads out of it',
  });
  expect(await readdir(join(root, title), { recursive: true })).toEqual(["pod"]);
});
