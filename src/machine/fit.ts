import type { Node, PersistentVolumeClaim } from "../kube/core.ts";
import { isOver, type MachinePod, type NodeTerm } from "./pod.ts";
import { amountOf } from "./quantity.ts";

export interface NodeView {
  readonly node: Node;
  /** Those that run on it already. */
  readonly pods: readonly MachinePod[];
}

/** Why a pod cannot run on the node, as a scheduler says it; undefined when it can. */
export function misfitOf(pod: MachinePod, { node, pods }: NodeView): string | undefined {
  const labels = node.metadata.labels ?? {};
  const wrongLabels = Object.entries(pod.spec.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value);
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const isElsewhere = terms !== undefined && !terms.some((term) => isTerm(term, node));
  if (wrongLabels || isElsewhere) return "1 node(s) didn't match Pod's node affinity/selector";
  const taint = taintsOf(node).find((one) => one.effect !== "PreferNoSchedule" && !isTolerated(one, pod));
  if (taint?.key === "node.kubernetes.io/unschedulable") return "1 node(s) were unschedulable";
  if (taint !== undefined) return `1 node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`;
  const lacking = ["cpu", "memory"].find((name) => {
    const capacity = allocatableOf(node, name);
    const used = pods.filter((one) => !isOver(one)).reduce((sum, one) => sum + requestOf(one, name), 0);
    const asked = requestOf(pod, name);
    return capacity !== undefined && asked > 0 && used + asked > capacity;
  });
  return lacking === undefined ? undefined : `1 Insufficient ${lacking}`;
}

/** What is wrong with a claim that the pod names. One that is being removed waits for those who use it: nobody may come after them. */
export function claimMisfitOf(
  { metadata, spec }: MachinePod,
  claim: (namespace: string, name: string) => PersistentVolumeClaim | undefined,
): string | undefined {
  for (const { persistentVolumeClaim } of spec.volumes ?? []) {
    const name = persistentVolumeClaim?.claimName;
    if (name === undefined) continue;
    const found = claim(metadata.namespace ?? "", name);
    if (found === undefined) return `persistentvolumeclaim "${name}" not found`;
    if (found.metadata.deletionTimestamp != null) return `persistentvolumeclaim "${name}" is being deleted`;
  }
  return undefined;
}

interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
}

function taintsOf({ spec }: Node): readonly Taint[] {
  const taints = Array.isArray(spec?.["taints"]) ? spec["taints"].flatMap((one: unknown) => taintOf(one) ?? []) : [];
  const cordon = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  return spec?.["unschedulable"] === true ? [cordon, ...taints] : taints;
}

function taintOf(one: unknown): Taint | undefined {
  if (typeof one !== "object" || one === null || !("key" in one) || !("effect" in one)) return undefined;
  const value = "value" in one ? String(one.value) : undefined;
  return { key: String(one.key), value, effect: String(one.effect) };
}

function isTolerated(taint: Taint, { spec }: MachinePod): boolean {
  return (spec.tolerations ?? []).some(({ key = "", operator, value = "", effect = "" }) => {
    if (effect !== "" && effect !== taint.effect) return false;
    if (key === "") return operator === "Exists";
    return key === taint.key && (operator === "Exists" || value === (taint.value ?? ""));
  });
}

function isTerm({ matchExpressions, matchFields }: NodeTerm, { metadata }: Node): boolean {
  const labels = metadata.labels ?? {};
  const requirements = [
    ...(matchExpressions ?? []).map((one) => ({ ...one, actual: labels[one.key] })),
    ...(matchFields ?? []).map((one) => ({ ...one, actual: one.key === "metadata.name" ? metadata.name : undefined })),
  ];
  return requirements.length > 0 && requirements.every(isMet);
}

interface Actual {
  readonly operator: string;
  readonly values?: readonly string[] | null | undefined;
  readonly actual: string | undefined;
}

function isMet({ operator, values, actual }: Actual): boolean {
  const wanted = values ?? [];
  switch (operator) {
    case "In":
      return actual !== undefined && wanted.includes(actual);
    case "NotIn":
      return actual === undefined || !wanted.includes(actual);
    case "Exists":
      return actual !== undefined;
    case "DoesNotExist":
      return actual === undefined;
    case "Gt":
      return Number(actual) > Number(wanted[0]);
    case "Lt":
      return Number(actual) < Number(wanted[0]);
    default:
      return false;
  }
}

function allocatableOf({ status }: Node, name: string): number | undefined {
  const amounts = status?.["allocatable"] ?? status?.["capacity"];
  if (typeof amounts !== "object" || amounts === null) return undefined;
  const amount = Object.entries(amounts).find(([key]) => key === name)?.[1];
  return typeof amount === "string" || typeof amount === "number" ? amountOf(amount) : undefined;
}

/** The larger of what the containers want together and what the largest init container wants. */
function requestOf({ spec }: MachinePod, name: string): number {
  const wants = (one: MachinePod["spec"]["containers"][number]) => amountOf(one.resources?.requests?.[name] ?? 0);
  const together = spec.containers.reduce((sum, one) => sum + wants(one), 0);
  return Math.max(together, ...(spec.initContainers ?? []).map(wants));
}
