import { z } from "zod";
import { Container, Pod, PodSpec, pods } from "../kube/core.ts";
import type { Resource } from "../kube/resource.ts";

/** A pod as far as a node has to read it. Loose: it is never written back but for its status. */

const text = z.string().optional();
const texts = z.record(z.string(), z.string()).nullish();
const quantity = z.union([z.string(), z.number()]);
const quantities = z.record(z.string(), quantity).nullish();
const mode = z.int().nullish();

const Items = z.array(z.looseObject({ key: z.string(), path: z.string(), mode })).nullish();
const FieldRef = z.looseObject({ fieldPath: z.string() });
const ResourceFieldRef = z.looseObject({ containerName: text, resource: z.string(), divisor: quantity.nullish() });
const DownwardItems = z
  .array(
    z.looseObject({
      path: z.string(),
      mode,
      fieldRef: FieldRef.nullish(),
      resourceFieldRef: ResourceFieldRef.nullish(),
    }),
  )
  .nullish();
const optional = z.boolean().nullish();

const ProjectedSource = z.looseObject({
  secret: z.looseObject({ name: text, items: Items, optional }).nullish(),
  configMap: z.looseObject({ name: text, items: Items, optional }).nullish(),
  downwardAPI: z.looseObject({ items: DownwardItems }).nullish(),
  serviceAccountToken: z
    .looseObject({ path: z.string(), audience: text, expirationSeconds: z.int().nullish() })
    .nullish(),
});
export type ProjectedSource = z.infer<typeof ProjectedSource>;

export const PodVolume = z.looseObject({
  name: z.string(),
  emptyDir: z.looseObject({ medium: text, sizeLimit: quantity.nullish() }).nullish(),
  secret: z.looseObject({ secretName: text, items: Items, defaultMode: mode, optional }).nullish(),
  configMap: z.looseObject({ name: text, items: Items, defaultMode: mode, optional }).nullish(),
  downwardAPI: z.looseObject({ items: DownwardItems, defaultMode: mode }).nullish(),
  projected: z.looseObject({ sources: z.array(ProjectedSource).nullish(), defaultMode: mode }).nullish(),
  hostPath: z.looseObject({ path: z.string(), type: text.nullable() }).nullish(),
  persistentVolumeClaim: z.looseObject({ claimName: z.string() }).nullish(),
});
export type PodVolume = z.infer<typeof PodVolume>;

const keyRef = z.looseObject({ name: text, key: z.string(), optional }).nullish();
const EnvVar = z.looseObject({
  name: z.string(),
  value: text,
  valueFrom: z
    .looseObject({
      secretKeyRef: keyRef,
      configMapKeyRef: keyRef,
      fieldRef: FieldRef.nullish(),
      resourceFieldRef: ResourceFieldRef.nullish(),
    })
    .nullish(),
});
export type EnvVar = z.infer<typeof EnvVar>;

const source = z.looseObject({ name: text, optional }).nullish();

export const PodContainer = Container.extend({
  env: z.array(EnvVar).nullish(),
  envFrom: z.array(z.looseObject({ prefix: text, secretRef: source, configMapRef: source })).nullish(),
  volumeMounts: z
    .array(
      z.looseObject({ name: z.string(), mountPath: z.string(), subPath: text, subPathExpr: text, readOnly: optional }),
    )
    .nullish(),
  resources: z.looseObject({ limits: quantities, requests: quantities }).optional(),
  terminationMessagePath: text,
  terminationMessagePolicy: text,
  restartPolicy: text,
  tty: optional,
});
export type PodContainer = z.infer<typeof PodContainer>;

const Requirement = z.looseObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).nullish() });
const NodeTerm = z.looseObject({
  matchExpressions: z.array(Requirement).nullish(),
  matchFields: z.array(Requirement).nullish(),
});
export type NodeTerm = z.infer<typeof NodeTerm>;

const MachinePodSpec = PodSpec.extend({
  initContainers: z.array(PodContainer).nullish(),
  containers: z.array(PodContainer),
  volumes: z.array(PodVolume).nullish(),
  hostname: text,
  nodeSelector: texts,
  affinity: z
    .looseObject({
      nodeAffinity: z
        .looseObject({
          requiredDuringSchedulingIgnoredDuringExecution: z
            .looseObject({ nodeSelectorTerms: z.array(NodeTerm) })
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
  tolerations: z.array(z.looseObject({ key: text, operator: text, value: text, effect: text })).nullish(),
  schedulerName: text,
  schedulingGates: z.array(z.looseObject({ name: z.string() })).nullish(),
  automountServiceAccountToken: optional,
});

export const MachinePod = Pod.extend({ spec: MachinePodSpec });
export type MachinePod = z.infer<typeof MachinePod>;

export const machinePods: Resource<MachinePod> = { ...pods, schema: MachinePod };

/** Its uid; a pod that came from a server has one. */
export function uidOf(pod: MachinePod): string {
  const { uid, name } = pod.metadata;
  if (uid === undefined) throw new TypeError(`pod ${name} has no uid`);
  return uid;
}

/** Nothing will run in it any more. */
export function isOver(pod: MachinePod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}
