import type { Volume } from "../../api/kubernetes.ts";
import { offshootLabels } from "../../api/labels.ts";
import { jobAccountName, pullSecretName } from "../../api/names.ts";
import type { PodRuntimeSettings } from "../../api/runtime-settings.ts";
import type { Container, PodTemplate } from "../../kube/core.ts";
import type { OperatorSettings } from "../settings.ts";
import type { Invoker } from "../task/target.ts";
import { asInitContainer, upsert } from "./container.ts";
import { podSecurity } from "./security.ts";

export interface PodParts {
  readonly invoker: Invoker;
  readonly settings: OperatorSettings;
  /** Unless the user names one. */
  readonly account: string;
  /** In their order; all but the last run before it. */
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
}

/** The pod of a Job or CronJob, with the invoker's runtimeSettings. */
export function buildPod({ invoker, settings, account, containers, volumes }: PodParts): PodTemplate {
  const { runtimeSettings } = invoker.spec;
  const pod: PodRuntimeSettings = runtimeSettings?.pod ?? {};
  const secrets = settings.pullSecrets.map((name) => pullSecretName(name, invoker.kind, invoker.metadata.name ?? ""));
  const pullSecrets = [...secrets.map((name) => ({ name })), ...(pod.imagePullSecrets ?? [])];
  const first = containers.slice(0, -1).map(asInitContainer);
  return {
    metadata: {
      labels: { ...podLabels(invoker) },
      ...(pod.podAnnotations === undefined ? {} : { annotations: pod.podAnnotations }),
    },
    spec: {
      ...asGiven(pod),
      restartPolicy: "Never",
      ...(first.length === 0 ? {} : { initContainers: first }),
      containers: containers.slice(-1),
      ...(volumes.length === 0 ? {} : { volumes: [...volumes] }),
      serviceAccountName: accountOf(invoker, account),
      automountServiceAccountToken: pod.automountServiceAccountToken ?? true,
      // A variable for every Service of the namespace: nobody reads them, and thousands make a pod fail to start.
      enableServiceLinks: pod.enableServiceLinks ?? false,
      securityContext: podSecurity(runtimeSettings),
      ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: upsert(pullSecrets, [], ({ name = "" }) => name) }),
    },
  };
}

/** What a pod has just as the user says it. */
function asGiven(pod: PodRuntimeSettings): Readonly<Record<string, unknown>> {
  const { nodeSelector, nodeName, affinity, schedulerName, tolerations, topologySpreadConstraints } = pod;
  const { priorityClassName, priority, readinessGates, runtimeClassName } = pod;
  const fields = {
    ...{ nodeSelector, nodeName, affinity, schedulerName, tolerations, topologySpreadConstraints },
    ...{ priorityClassName, priority, readinessGates, runtimeClassName },
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The invoker's labels, the user's for pods over them, and over both those that we and users find pods by. */
function podLabels(invoker: Invoker): Readonly<Record<string, string>> {
  const own = { ...invoker.metadata.labels, ...invoker.spec.runtimeSettings?.pod?.podLabels };
  return offshootLabels(own, componentOf(invoker));
}

export function componentOf({ kind }: Invoker): "backup" | "restore" {
  return kind === "RestoreSession" ? "restore" : "backup";
}

/** Labels of what is made for an invoker. */
export function labelsOf(invoker: Invoker): Readonly<Record<string, string>> {
  return offshootLabels(invoker.metadata.labels, componentOf(invoker));
}

/** The account that the user names, else one made for the purpose. */
export function accountOf({ spec }: Invoker, otherwise: string): string {
  return ownAccountOf(spec) ?? otherwise;
}

export function ownAccountOf({ runtimeSettings }: Invoker["spec"]): string | undefined {
  const name = runtimeSettings?.pod?.serviceAccountName;
  return name === "" ? undefined : name;
}

/** The account of an invoker's Jobs. */
export function jobAccountOf(invoker: Invoker): string {
  return accountOf(invoker, jobAccountName(invoker.kind, invoker.metadata.name ?? ""));
}
