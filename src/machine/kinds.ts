import { type Kind, kinds } from "../api/kinds.ts";
import * as core from "../kube/core.ts";
import { type KubeObject, type Resource, resourceOf } from "../kube/resource.ts";
import { persistentVolumes } from "./claims-protection.ts";

/** Kubernetes' own kinds whose objects the controllers collect, and empty namespaces of. Events go by themselves. */
export const builtInKinds: readonly Resource<KubeObject>[] = [
  ...[core.namespaces, core.nodes, core.secrets, core.configMaps, core.serviceAccounts],
  ...[core.persistentVolumeClaims, persistentVolumes, core.services, core.endpoints, core.pods],
  ...[core.jobs, core.cronJobs, core.leases],
  ...[core.roles, core.clusterRoles, core.roleBindings, core.clusterRoleBindings],
];

/** All kinds that the API server for one machine serves. */
export const allKinds: readonly Resource<KubeObject>[] = [
  ...builtInKinds,
  ...(Object.keys(kinds) as Kind[]).map((kind) => resourceOf(kind)),
];
