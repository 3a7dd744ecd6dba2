import { expect, test } from "vitest";
import { claimMisfitOf, misfitOf } from "./fit.ts";
import { MachinePod } from "./pod.ts";

const labels = { "kubernetes.io/os": "linux", zone: "a", size: "5" };

function node(spec: Record<string, unknown> = {}) {
  const status = { allocatable: { cpu: "2", memory: "4Gi" } };
  return { apiVersion: "v1", kind: "Node", metadata: { name: "node-a", labels }, spec, status };
}

function podOf(spec: object) {
  return MachinePod.parse({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: { containers: [], ...spec },
  });
}

const wants = (requests: object) => ({ containers: [{ name: "main", resources: { requests } }] });
const affinity = (...nodeSelectorTerms: object[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const where = (key: string, operator: string, ...values: string[]) =>
  affinity({ matchExpressions: [{ key, operator, values }] });
const tainted = node({ taints: [{ key: "own", value: "x", effect: "NoSchedule" }] });
const wrongPlace = "1 node(s) didn't match Pod's node affinity/selector";

test.each<[string, object, ReturnType<typeof node>, string | undefined]>([
  ["a pod that wants nothing", {}, node(), undefined],
  ["the right label", { nodeSelector: { zone: "a" } }, node(), undefined],
  ["another label", { nodeSelector: { zone: "b" } }, node(), wrongPlace],
  ["affinity In", where("zone", "In", "a", "b"), node(), undefined],
  ["affinity NotIn", where("zone", "NotIn", "a"), node(), wrongPlace],
  ["affinity Exists", where("gpu", "Exists"), node(), wrongPlace],
  ["affinity DoesNotExist", where("gpu", "DoesNotExist"), node(), undefined],
  ["affinity Gt", where("size", "Gt", "4"), node(), undefined],
  ["affinity Lt", where("size", "Lt", "4"), node(), wrongPlace],
  [
    "one of two terms",
    affinity(
      { matchExpressions: [{ key: "gpu", operator: "Exists" }] },
      { matchFields: [{ key: "metadata.name", operator: "In", values: ["node-a"] }] },
    ),
    node(),
    undefined,
  ],
  ["a cordoned node", {}, node({ unschedulable: true }), "1 node(s) were unschedulable"],
  ["a taint", {}, tainted, "1 node(s) had untolerated taint {own: x}"],
  ["a tolerated taint", { tolerations: [{ key: "own", value: "x", effect: "NoSchedule" }] }, tainted, undefined],
  ["all taints tolerated", { tolerations: [{ operator: "Exists" }] }, tainted, undefined],
  ["a request that fits beside the others", wants({ cpu: "500m", memory: "1Gi" }), node(), undefined],
  ["too much memory", wants({ memory: "3.5Gi" }), node(), "1 Insufficient memory"],
  ["too many cpus", wants({ cpu: "1600m" }), node(), "1 Insufficient cpu"],
])("%s", (_title, spec, on, expected) => {
  const pods = [podOf(wants({ cpu: "500m", memory: "1Gi" }))];
  expect(misfitOf(podOf(spec), { node: on, pods })).toBe(expected);
});

test.each([
  ["a claim that is there", "there", undefined],
  ["none such", "none", 'persistentvolumeclaim "none" not found'],
  ["one that is being removed", "going", 'persistentvolumeclaim "going" is being deleted'],
])("a pod with %s", (_title, claimName, expected) => {
  const claims = { there: {}, going: { deletionTimestamp: "2026-11-21T03:00:00Z" } };
  const found = Object.entries(claims).map(([name, more]) => ({
    ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name, ...more } },
  }));
  const claim = (_namespace: string, wanted: string) => found.find(({ metadata: { name } }) => name === wanted);
  const volumes = [
    { name: "a", emptyDir: {} },
    { name: "b", persistentVolumeClaim: { claimName } },
  ];
  expect(claimMisfitOf(podOf({ volumes }), claim)).toBe(expected);
});
