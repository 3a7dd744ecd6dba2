import type { BackupConfiguration } from "../api/backup-configuration.ts";
import { groups } from "../api/kinds.ts";
import { offshootLabels, sessionLabels } from "../api/labels.ts";
import { backupSessionName } from "../api/names.ts";
import type { TaskFlags } from "../api/task-flags.ts";
import { Failure } from "../kit/failures.ts";
import type { Draft } from "../kube/cluster.ts";
import { ownedBy } from "../kube/core.ts";
import { KubeFailure } from "../kube/failure.ts";
import { type KubeObject, keyOf, keyText, resourceOf } from "../kube/resource.ts";
import { required, type TaskContext } from "./context.ts";

/** What a CronJob's pod does: makes the session of its slot. Done again for the same slot it makes no second one. */
export async function createBackupSession(
  context: TaskContext,
  flags: TaskFlags<"create-backupsession">,
): Promise<undefined> {
  const { cluster, signal, log, now, environment } = context;
  const namespace = flags.namespace ?? context.namespace;
  if (flags.invokerKind !== "BackupConfiguration") {
    throw new Failure("configuration-invalid", `sessions of the kind ${flags.invokerKind} cannot be made`);
  }
  const invoker = await required(context, resourceOf("BackupConfiguration"), { namespace, name: flags.invokerName });
  const draft = sessionDraft(invoker, slotOf(environment.jobName, now()));
  const sessions = resourceOf("BackupSession");
  try {
    const made = await cluster.create(sessions, draft, { signal });
    log.info({ session: keyText(keyOf(made)) }, "session made");
  } catch (error) {
    if (!KubeFailure.isReason(error, "AlreadyExists")) throw error;
    log.info({ session: `${namespace}/${draft.metadata.name}` }, "the session of this slot is there already");
  }
}

/**
 * When the Job was due: CronJobs name their Jobs by the minute (`stash-trigger-x-29382450`). A Job that somebody made by
 * hand from the CronJob is due now.
 */
export function slotOf(jobName: string | undefined, now: Date): Date {
  const minutes = Number(/-(\d{8})$/.exec(jobName ?? "")?.[1] ?? Number.NaN);
  return Number.isNaN(minutes) ? now : new Date(minutes * 60_000);
}

/** The session of one slot of a BackupConfiguration. */
export function sessionDraft(invoker: BackupConfiguration & KubeObject, slot: Date): Draft {
  const { metadata, spec } = invoker;
  const { name = "", namespace = "default" } = metadata;
  const ref = spec.target?.ref;
  const origin = {
    invoker: { kind: "BackupConfiguration", name },
    target: { kind: ref?.kind ?? "", name: ref?.name ?? "", namespace: ref?.namespace || namespace },
  };
  return {
    metadata: {
      name: backupSessionName(name, slot),
      namespace,
      labels: { ...offshootLabels(metadata.labels, "backup"), ...sessionLabels(origin) },
      ownerReferences: [ownedBy(invoker)],
    },
    spec: {
      invoker: { apiGroup: groups.stash, kind: "BackupConfiguration", name },
      retryLeft: spec.retryConfig?.maxRetry ?? 0,
    },
  };
}
