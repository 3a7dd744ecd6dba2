import { z } from "zod";
import { Metadata } from "../api/document.ts";
import { EnvVar, type Opaque, OwnerReference, Volume, VolumeMount } from "../api/kubernetes.ts";
import type { KubeObject, Resource } from "./resource.ts";

/**
 * Kubernetes' own kinds, as far as we look at them. The schemas are loose: what they do not name is kept as it came,
 * so that an object can be written back whole.
 */

const text = z.string().optional();
const map = z.record(z.string(), z.string()).nullish();
const opaque = z.record(z.string(), z.unknown());

function object<F extends z.core.$ZodLooseShape>(fields: F) {
  // items of a list come without apiVersion and kind; the client fills them in
  return z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: Metadata, ...fields });
}

function resource<T extends KubeObject>(
  group: string,
  version: string,
  [kind, plural]: readonly [string, string],
  schema: z.ZodType<T>,
): Resource<T> {
  return { group, version, kind, plural, scope: "Namespaced", schema };
}

function ofCluster<T extends KubeObject>(one: Resource<T>): Resource<T> {
  return { ...one, scope: "Cluster" };
}

export const Namespace = object({});
export type Namespace = z.infer<typeof Namespace>;
export const namespaces = ofCluster(resource("", "v1", ["Namespace", "namespaces"], Namespace));

export const Node = object({ spec: opaque.optional(), status: opaque.optional() });
export type Node = z.infer<typeof Node>;
export const nodes = ofCluster(resource("", "v1", ["Node", "nodes"], Node));

/** `data` is base64; `stringData` is only ever written. */
export const Secret = object({ type: text, data: map, stringData: map });
export type Secret = z.infer<typeof Secret>;
export const secrets = resource("", "v1", ["Secret", "secrets"], Secret);

export const ConfigMap = object({ data: map });
export type ConfigMap = z.infer<typeof ConfigMap>;
export const configMaps = resource("", "v1", ["ConfigMap", "configmaps"], ConfigMap);

export const ServiceAccount = object({ imagePullSecrets: z.array(z.looseObject({ name: text })).nullish() });
export type ServiceAccount = z.infer<typeof ServiceAccount>;
export const serviceAccounts = resource("", "v1", ["ServiceAccount", "serviceaccounts"], ServiceAccount);

export const PersistentVolumeClaim = object({ spec: opaque.optional(), status: opaque.optional() });
export type PersistentVolumeClaim = z.infer<typeof PersistentVolumeClaim>;
export const persistentVolumeClaims = resource(
  "",
  "v1",
  ["PersistentVolumeClaim", "persistentvolumeclaims"],
  PersistentVolumeClaim,
);

const port = z.looseObject({ name: text, port: z.int(), protocol: text });

export const Service = object({
  spec: z
    .looseObject({
      clusterIP: text,
      externalName: text,
      selector: map,
      ports: z.array(port.extend({ targetPort: z.union([z.int(), z.string()]).optional() })).nullish(),
    })
    .optional(),
});
export type Service = z.infer<typeof Service>;
export const services = resource("", "v1", ["Service", "services"], Service);

const address = z.looseObject({
  ip: z.string(),
  targetRef: z.looseObject({ kind: text, namespace: text, name: text }).optional(),
});
export const Endpoints = object({
  subsets: z
    .array(
      z.looseObject({
        addresses: z.array(address).nullish(),
        notReadyAddresses: z.array(address).nullish(),
        ports: z.array(port).nullish(),
      }),
    )
    .nullish(),
});
export type Endpoints = z.infer<typeof Endpoints>;
export const endpoints = resource("", "v1", ["Endpoints", "endpoints"], Endpoints);

export const Event = object({
  involvedObject: z.looseObject({ kind: text, namespace: text, name: text, uid: text }),
  reason: text,
  message: text,
  type: text,
  count: z.int().nullish(),
  firstTimestamp: text.nullable(),
  lastTimestamp: text.nullable(),
  source: z.looseObject({ component: text }).optional(),
});
export type Event = z.infer<typeof Event>;
export const events = resource("", "v1", ["Event", "events"], Event);

export const Container = z.looseObject({
  name: z.string(),
  image: text,
  command: z.array(z.string()).nullish(),
  args: z.array(z.string()).nullish(),
  workingDir: text,
  env: z.array(EnvVar).nullish(),
  envFrom: z.array(z.custom<Opaque>()).nullish(),
  volumeMounts: z.array(VolumeMount).nullish(),
  resources: z.custom<Opaque>().optional(),
});
export type Container = z.infer<typeof Container>;

export const PodSpec = z.looseObject({
  initContainers: z.array(Container).nullish(),
  containers: z.array(Container),
  volumes: z.array(Volume).nullish(),
  restartPolicy: text,
  serviceAccountName: text,
  nodeName: text,
  activeDeadlineSeconds: z.int().nullish(),
  terminationGracePeriodSeconds: z.int().nullish(),
});
export type PodSpec = z.infer<typeof PodSpec>;

const terminated = z.looseObject({ exitCode: z.int(), signal: z.int().optional(), reason: text, message: text });
export const ContainerStatus = z.looseObject({
  name: z.string(),
  ready: z.boolean().optional(),
  restartCount: z.int().optional(),
  state: z
    .looseObject({
      waiting: z.looseObject({ reason: text, message: text }).optional(),
      running: z.looseObject({ startedAt: text.nullable() }).optional(),
      terminated: terminated.optional(),
    })
    .optional(),
});
export type ContainerStatus = z.infer<typeof ContainerStatus>;

const condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: text,
  message: text,
  lastTransitionTime: text.nullable(),
});

export const Pod = object({
  spec: PodSpec,
  status: z
    .looseObject({
      phase: text,
      reason: text,
      message: text,
      podIP: text,
      startTime: text.nullable(),
      conditions: z.array(condition).nullish(),
      initContainerStatuses: z.array(ContainerStatus).nullish(),
      containerStatuses: z.array(ContainerStatus).nullish(),
    })
    .optional(),
});
export type Pod = z.infer<typeof Pod>;
export const pods = resource("", "v1", ["Pod", "pods"], Pod);

export const PodTemplate = z.looseObject({ metadata: Metadata.optional(), spec: PodSpec });
export type PodTemplate = z.infer<typeof PodTemplate>;

export const JobSpec = z.looseObject({
  template: PodTemplate,
  backoffLimit: z.int().optional(),
  activeDeadlineSeconds: z.int().optional(),
  suspend: z.boolean().optional(),
});
export type JobSpec = z.infer<typeof JobSpec>;

export const Job = object({
  spec: JobSpec,
  status: z
    .looseObject({
      active: z.int().optional(),
      succeeded: z.int().optional(),
      failed: z.int().optional(),
      startTime: text.nullable(),
      completionTime: text.nullable(),
      conditions: z.array(condition).nullish(),
    })
    .optional(),
});
export type Job = z.infer<typeof Job>;
export const jobs = resource("batch", "v1", ["Job", "jobs"], Job);

export const CronJob = object({
  spec: z.looseObject({
    schedule: z.string(),
    suspend: z.boolean().optional(),
    concurrencyPolicy: text,
    jobTemplate: z.looseObject({ metadata: Metadata.optional(), spec: JobSpec }),
  }),
  status: z.looseObject({ lastScheduleTime: text.nullable(), lastSuccessfulTime: text.nullable() }).optional(),
});
export type CronJob = z.infer<typeof CronJob>;
export const cronJobs = resource("batch", "v1", ["CronJob", "cronjobs"], CronJob);

export const PolicyRule = z.looseObject({
  apiGroups: z.array(z.string()).nullish(),
  resources: z.array(z.string()).nullish(),
  resourceNames: z.array(z.string()).nullish(),
  verbs: z.array(z.string()),
});
export type PolicyRule = z.infer<typeof PolicyRule>;

export const Role = object({ rules: z.array(PolicyRule).nullish() });
export type Role = z.infer<typeof Role>;
export const roles = resource("rbac.authorization.k8s.io", "v1", ["Role", "roles"], Role);
export const clusterRoles = ofCluster(
  resource("rbac.authorization.k8s.io", "v1", ["ClusterRole", "clusterroles"], Role),
);

export const RoleBinding = object({
  roleRef: z.looseObject({ apiGroup: z.string(), kind: z.string(), name: z.string() }),
  subjects: z.array(z.looseObject({ kind: z.string(), name: z.string(), namespace: text, apiGroup: text })).nullish(),
});
export type RoleBinding = z.infer<typeof RoleBinding>;
export const roleBindings = resource("rbac.authorization.k8s.io", "v1", ["RoleBinding", "rolebindings"], RoleBinding);
export const clusterRoleBindings = ofCluster(
  resource("rbac.authorization.k8s.io", "v1", ["ClusterRoleBinding", "clusterrolebindings"], RoleBinding),
);

export const Lease = object({
  spec: z
    .looseObject({
      holderIdentity: text.nullable(),
      leaseDurationSeconds: z.int().nullish(),
      acquireTime: text.nullable(),
      renewTime: text.nullable(),
      leaseTransitions: z.int().nullish(),
    })
    .optional(),
});
export type Lease = z.infer<typeof Lease>;
export const leases = resource("coordination.k8s.io", "v1", ["Lease", "leases"], Lease);

/** The reference with which `owner`, which came from the server, owns another object; the garbage collector goes by it. */
export function ownedBy(
  owner: KubeObject,
  { controller = true }: { readonly controller?: boolean } = {},
): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  const { name, uid } = metadata;
  if (name === undefined || uid === undefined) throw new TypeError(`${kind} without a name or uid cannot own anything`);
  return OwnerReference.parse({ apiVersion, kind, name, uid, controller, blockOwnerDeletion: true });
}
