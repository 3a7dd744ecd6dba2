import { z } from "zod";
import { Metadata } from "../../api/document.ts";
import type { OwnerReference } from "../../api/kubernetes.ts";
import { jobs, pods } from "../../kube/core.ts";
import type { KubeObject, Resource } from "../../kube/resource.ts";

/** Jobs and their pods as far as the Job controller reads them. Loose: what is not named is kept as it came. */

const text = z.string().optional();
const count = z.int().nullish();
const texts = z.record(z.string(), z.string()).nullish();

export const JobCondition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: text,
  message: text,
  lastProbeTime: text.nullable(),
  lastTransitionTime: text.nullable(),
});
export type JobCondition = z.infer<typeof JobCondition>;

const JobStatus = z.looseObject({
  active: count,
  ready: count,
  terminating: count,
  succeeded: count,
  failed: count,
  startTime: text.nullable(),
  completionTime: text.nullable(),
  conditions: z.array(JobCondition).nullish(),
  /** uids of pods that have ended and still carry the finalizer, or did so when the status was written. */
  uncountedTerminatedPods: z
    .looseObject({ succeeded: z.array(z.string()).nullish(), failed: z.array(z.string()).nullish() })
    .nullish(),
});
export type JobStatus = z.infer<typeof JobStatus>;

export const MachineJob = z.looseObject({
  ...{ apiVersion: z.string(), kind: z.string(), metadata: Metadata },
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z
        .looseObject({ labels: texts, annotations: texts, finalizers: z.array(z.string()).nullish() })
        .nullish(),
      spec: z.looseObject({ restartPolicy: text }),
    }),
    parallelism: count,
    completions: count,
    completionMode: text.nullable(),
    backoffLimit: count,
    backoffLimitPerIndex: count,
    activeDeadlineSeconds: count,
    ttlSecondsAfterFinished: count,
    suspend: z.boolean().nullish(),
    managedBy: text.nullable(),
    podFailurePolicy: z.unknown().optional(),
    successPolicy: z.unknown().optional(),
  }),
  status: JobStatus.optional(),
});
export type MachineJob = z.infer<typeof MachineJob>;

export const machineJobs: Resource<MachineJob> = { ...jobs, schema: MachineJob };

const ContainerStatus = z.looseObject({
  restartCount: count,
  state: z.looseObject({ terminated: z.looseObject({ finishedAt: text.nullable() }).nullish() }).nullish(),
});

/** A pod without what it is to run: of this kind there are many. */
export const JobPod = z.looseObject({
  ...{ apiVersion: z.string(), kind: z.string(), metadata: Metadata },
  spec: z.looseObject({
    nodeName: text,
    volumes: z
      .array(
        z.looseObject({
          name: z.string(),
          persistentVolumeClaim: z.looseObject({ claimName: z.string() }).nullish(),
        }),
      )
      .nullish(),
  }),
  status: z
    .looseObject({
      phase: text,
      conditions: z
        .array(z.looseObject({ type: z.string(), status: z.string(), lastTransitionTime: text.nullable() }))
        .nullish(),
      initContainerStatuses: z.array(ContainerStatus).nullish(),
      containerStatuses: z.array(ContainerStatus).nullish(),
    })
    .nullish(),
});
export type JobPod = z.infer<typeof JobPod>;

export const jobPods: Resource<JobPod> = { ...pods, schema: JobPod };

/** What the controllers look at. Written back is never a whole pod. */
export function trimJobPod({ apiVersion, kind, metadata, spec, status }: JobPod): JobPod {
  const { annotations: _, managedFields: __, ...slim } = metadata;
  const claims = (spec.volumes ?? []).filter(({ persistentVolumeClaim }) => persistentVolumeClaim != null);
  return {
    ...{ apiVersion, kind, metadata: slim },
    spec: {
      ...(spec.nodeName === undefined ? {} : { nodeName: spec.nodeName }),
      ...(claims.length === 0 ? {} : { volumes: claims }),
    },
    ...(status == null ? {} : { status: trimStatus(status) }),
  };
}

function trimStatus({
  phase,
  conditions,
  initContainerStatuses,
  containerStatuses,
}: NonNullable<JobPod["status"]>): NonNullable<JobPod["status"]> {
  return {
    ...(phase === undefined ? {} : { phase }),
    conditions: (conditions ?? []).filter(({ type }) => type === "Ready"),
    initContainerStatuses: (initContainerStatuses ?? []).map(trimContainer),
    containerStatuses: (containerStatuses ?? []).map(trimContainer),
  };
}

function trimContainer({ restartCount, state }: z.infer<typeof ContainerStatus>): z.infer<typeof ContainerStatus> {
  const finishedAt = state?.terminated?.finishedAt;
  return {
    ...(restartCount == null ? {} : { restartCount }),
    ...(finishedAt == null ? {} : { state: { terminated: { finishedAt } } }),
  };
}

/** Its uid; what came from a server has one. */
export function uidOf({ kind, metadata: { uid, name } }: KubeObject): string {
  if (uid === undefined) throw new TypeError(`${kind} ${name} has no uid`);
  return uid;
}

export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return (metadata.ownerReferences ?? []).find(({ controller }) => controller === true);
}

export function isGoing({ metadata }: KubeObject): boolean {
  return typeof metadata.deletionTimestamp === "string";
}

/** A Job's last word; undefined while it has not ended. */
export function endOf({ status }: Pick<MachineJob, "status">): JobCondition | undefined {
  return (status?.conditions ?? []).find(
    ({ type, status: is }) => (type === "Complete" || type === "Failed") && is === "True",
  );
}
