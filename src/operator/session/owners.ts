import { backupJobName, restoreJobName } from "../../api/names.ts";
import { type Key, type KubeObject, keyOf } from "../../kube/resource.ts";
import type { Caches, ObjectChange } from "../controller.ts";

export type SessionKind = "BackupSession" | "RestoreSession";

/** The sessions of this kind that an object belongs to. */
export function sessionsOf(kind: SessionKind, object: KubeObject | undefined): readonly Key[] {
  const owners = object?.metadata.ownerReferences?.filter((owner) => owner.kind === kind) ?? [];
  return owners.map(({ name }) => ({ namespace: object?.metadata.namespace, name }));
}

/** Through its Job; when that is gone, by the Job's name. */
export function sessionsOfPod(
  kind: SessionKind,
  { before, after }: ObjectChange<KubeObject>,
  caches: Caches,
): readonly Key[] {
  const { namespace, ownerReferences } = (after ?? before)?.metadata ?? {};
  const jobNames = (ownerReferences ?? []).filter((owner) => owner.kind === "Job").map(({ name }) => name);
  return jobNames.flatMap((name) => {
    const job = caches.jobs.get({ namespace, name });
    return job === undefined ? sessionsWithJob(kind, { namespace, name }, caches) : sessionsOf(kind, job);
  });
}

function sessionsWithJob(kind: SessionKind, { namespace, name }: Key, caches: Caches): readonly Key[] {
  const isOne = ({ metadata }: KubeObject, jobName: (session: string) => string) =>
    metadata.namespace === namespace && jobName(metadata.name ?? "") === name;
  return kind === "BackupSession"
    ? caches.backupSessions.list((one) => isOne(one, backupJobName)).map(keyOf)
    : caches.restoreSessions.list((one) => isOne(one, restoreJobName)).map(keyOf);
}
