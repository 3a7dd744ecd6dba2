import { z } from "zod";
import * as core from "./kubernetes.ts";
import { Int32 } from "./structural.ts";

const texts = z.record(z.string(), z.string()).optional();

export const PodRuntimeSettings = z.object({
  podLabels: texts,
  podAnnotations: texts,
  nodeSelector: texts,
  serviceAccountName: z.string().optional().describe("Run as this account instead of one made for the purpose."),
  serviceAccountAnnotations: texts.describe("For accounts made for the purpose, for example for workload identity."),
  automountServiceAccountToken: z.boolean().optional(),
  nodeName: z.string().optional(),
  securityContext: core.PodSecurityContext.optional(),
  imagePullSecrets: z.array(core.LocalObjectReference).optional(),
  affinity: core.Affinity.optional(),
  schedulerName: z.string().optional(),
  tolerations: z.array(core.Toleration).optional(),
  priorityClassName: z.string().optional(),
  priority: Int32.optional(),
  readinessGates: z.array(core.PodReadinessGate).optional(),
  runtimeClassName: z.string().optional(),
  enableServiceLinks: z.boolean().optional(),
  topologySpreadConstraints: z.array(core.TopologySpreadConstraint).optional(),
});
export type PodRuntimeSettings = z.infer<typeof PodRuntimeSettings>;

export const ContainerRuntimeSettings = z.object({
  resources: core.ResourceRequirements.optional(),
  livenessProbe: core.Probe.optional(),
  readinessProbe: core.Probe.optional(),
  lifecycle: core.Lifecycle.optional(),
  securityContext: core.SecurityContext.optional(),
  nice: z
    .object({ adjustment: Int32.optional() })
    .optional()
    .describe("Less (or more) of the processor: 19 is last, -20 first."),
  ionice: z
    .object({ class: Int32.optional(), classData: Int32.optional() })
    .optional()
    .describe("Less (or more) of the disk: class 1 is first, 3 last."),
  envFrom: z.array(core.EnvFromSource).optional(),
  env: z.array(core.EnvVar).optional(),
});
export type ContainerRuntimeSettings = z.infer<typeof ContainerRuntimeSettings>;

export const RuntimeSettings = z
  .object({
    pod: PodRuntimeSettings.optional(),
    container: ContainerRuntimeSettings.optional().describe("For every container of the Job."),
  })
  .describe("Settings of the Jobs' pods.");
export type RuntimeSettings = z.infer<typeof RuntimeSettings>;
