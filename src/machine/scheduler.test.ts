import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { memoryCluster, refused } from "../../tests/support/memory-cluster.ts";
import { silentLog } from "../kit/log.ts";
import { MachinePod, machinePods } from "./pod.ts";
import { openScheduler } from "./scheduler.ts";

const node = {
  ...{ apiVersion: "v1", kind: "Node", metadata: { name: "machine-a" }, spec: {} },
  status: { allocatable: { memory: "4Gi" } },
};

/** Of two there is room for one. */
function draftOf(name: string, spec: object = {}) {
  const containers = [{ name: "main", resources: { requests: { memory: "3Gi" } } }];
  const metadata = { name, namespace: "demo", uid: `u-${name}` };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { containers, ...spec } };
}
const podOf = (name: string, spec: object = {}) => MachinePod.parse(draftOf(name, spec));

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

/** What the API server answers to binding the first pod. */
type Answer = "ok" | "NotFound" | "Conflict";
const codes = { NotFound: 404, Conflict: 409 } as const;

test.each<[string, Answer, readonly MachinePod[], string]>([
  ["counts a pod that it bound, also before the API server tells so", "ok", [podOf("first")], "FailedScheduling"],
  ["counts it afterwards as one that runs here", "ok", [podOf("first", { nodeName: "machine-a" })], "FailedScheduling"],
  ["does not count one that has run and is gone", "ok", [], "Scheduled"],
  ["does not count one that was gone before", "NotFound", [podOf("first")], "Scheduled"],
  ["does not count one that somebody else bound", "Conflict", [podOf("first")], "Scheduled"],
])("%s", async (_title, answer, then, expected) => {
  const told: string[] = [];
  let pods: readonly MachinePod[] = [podOf("first")];
  const memory = memoryCluster();
  const cluster: typeof memory = {
    ...memory,
    async request({ path }) {
      if (path.includes("/first/") && answer !== "ok") throw refused(codes[answer], answer, "first");
      return {};
    },
  };
  const scheduler = openScheduler(cluster, {
    ...{ node: () => node, pods: () => pods, claim: () => undefined, log: silentLog, signal: stop.signal },
    recorder: { event: async ({ metadata }, { reason }) => void told.push(`${metadata.name} ${reason}`) },
  });
  for (const pod of pods) scheduler.look(pod);
  await setImmediate();
  const second = await cluster.create(machinePods, draftOf("second"), stop);
  pods = [...then, second];
  scheduler.look(second);
  await setImmediate();
  expect(told).toEqual([...(answer === "ok" ? ["first Scheduled"] : []), `second ${expected}`]);
});
