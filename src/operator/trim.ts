import type { Metadata } from "../api/document.ts";
import type { Job, Pod } from "../kube/core.ts";
import type { KubeObject } from "../kube/resource.ts";

/** What is kept of objects of which there are many: the operator's memory is what these leave. */

export function metadataOnly<T extends KubeObject>(object: T): T {
  const { apiVersion, kind, metadata } = object;
  // Fields that are missing are optional in every schema these are used with.
  return { apiVersion, kind, metadata: slim(metadata) } as T;
}

/** How it fares, where it runs, and the names of what runs in it. */
export function trimPod({ apiVersion, kind, metadata, spec, status }: Pod): Pod {
  const names = (list: Pod["spec"]["containers"] | null | undefined) => (list ?? []).map(({ name }) => ({ name }));
  const { nodeName, terminationGracePeriodSeconds } = spec;
  return {
    apiVersion,
    kind,
    metadata: slim(metadata),
    spec: {
      containers: names(spec.containers),
      initContainers: names(spec.initContainers),
      ...(nodeName === undefined ? {} : { nodeName }),
      ...(terminationGracePeriodSeconds === undefined ? {} : { terminationGracePeriodSeconds }),
    },
    status,
  };
}

/** How it fares, whose it is, and whether it is to run. */
export function trimJob({ apiVersion, kind, metadata, spec: { suspend }, status }: Job): Job {
  const spec = { template: { spec: { containers: [] } }, ...(suspend === undefined ? {} : { suspend }) };
  return { apiVersion, kind, metadata: slim(metadata), spec, status };
}

function slim({ annotations: _, managedFields: __, ...metadata }: Metadata): Metadata {
  return metadata;
}
