import type { FunctionSpec } from "../../api/function.ts";
import type { EnvVar, VolumeMount } from "../../api/kubernetes.ts";
import { volumes } from "../../api/labels.ts";
import type { ContainerRuntimeSettings, RuntimeSettings } from "../../api/runtime-settings.ts";
import type { Container } from "../../kube/core.ts";
import { containerSecurity } from "./security.ts";

export interface ContainerParts extends FunctionSpec {
  readonly name: string;
  readonly image: string;
  /** Where the pod's volumes are mounted, unless the Function itself mounts one there. */
  readonly mounts: readonly VolumeMount[];
  /** The invoker's; they win over the Function's. */
  readonly settings: RuntimeSettings | undefined;
}

/** A container of a Job. Fields that say nothing are left out. */
export function buildContainer(parts: ContainerParts): Container {
  const { name, image, command, args, workingDir, ports, volumeDevices, volumeMounts = [], mounts } = parts;
  const merged = mergeSettings(parts.runtimeSettings?.container, parts.settings?.container);
  const { resources, livenessProbe, readinessProbe, lifecycle, envFrom, env } = merged;
  const security = { ...parts.settings, container: merged };
  return withoutNothing({
    ...{ name, image, imagePullPolicy: "IfNotPresent", command, args, workingDir, ports, volumeDevices },
    ...{ resources, livenessProbe, readinessProbe, lifecycle, envFrom },
    env: upsert([...podFields, ...priorities(merged)], env ?? [], (each) => each.name),
    volumeMounts: upsert(mounts, volumeMounts, (each) => each.mountPath),
    securityContext: containerSecurity(security),
  });
}

/** Kubernetes refuses probes and lifecycle of a container that others wait for to end. */
export function asInitContainer(container: Container): Container {
  const { livenessProbe: _live, readinessProbe: _ready, lifecycle: _lifecycle, ...rest } = container;
  return rest;
}

/** A container's own file system may be read-only, and its user may have no home. */
const podFields: readonly EnvVar[] = [
  { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
  { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
  { name: "HOME", value: volumes.scratch.path },
  { name: "TMPDIR", value: volumes.scratch.path },
];

function mergeSettings(
  own: ContainerRuntimeSettings = {},
  over: ContainerRuntimeSettings = {},
): ContainerRuntimeSettings {
  return {
    ...own,
    ...Object.fromEntries(Object.entries(over).filter(([, value]) => value !== undefined)),
    env: upsert(own.env ?? [], over.env ?? [], (each) => each.name),
    envFrom: [...(own.envFrom ?? []), ...(over.envFrom ?? [])],
  };
}

/** For the programs: they start restic with that nice and ionice. */
function priorities({ nice, ionice }: ContainerRuntimeSettings): readonly EnvVar[] {
  const all = {
    NICE_ADJUSTMENT: nice?.adjustment,
    IONICE_CLASS: ionice?.class,
    IONICE_CLASS_DATA: ionice?.classData,
  };
  return Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value: String(value) }]));
}

/** `given` in place of what has its key among `present`, else behind. Kubernetes refuses two of the same key. */
export function upsert<T>(present: readonly T[], given: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map([...present, ...given].map((item) => [keyOf(item), item])).values()];
}

function withoutNothing(fields: Container): Container {
  const isSomething = (value: unknown) => value !== undefined && !(Array.isArray(value) && value.length === 0);
  const { name, ...rest } = fields;
  return { name, ...Object.fromEntries(Object.entries(rest).filter(([, value]) => isSomething(value))) };
}
