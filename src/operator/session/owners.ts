import type { Key, KubeObject } from "../../kube/resource.ts";

/** The sessions of this kind that an object belongs to. */
export function sessionsOf(kind: "BackupSession" | "RestoreSession", object: KubeObject | undefined): readonly Key[] {
  const owners = object?.metadata.ownerReferences?.filter((owner) => owner.kind === kind) ?? [];
  return owners.map(({ name }) => ({ namespace: object?.metadata.namespace, name }));
}
