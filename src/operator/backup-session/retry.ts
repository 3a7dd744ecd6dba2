import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { BackupSession } from "../../api/backup-session.ts";
import { groups } from "../../api/kinds.ts";
import { offshootLabels, sessionLabels } from "../../api/labels.ts";
import { backupSessionName } from "../../api/names.ts";
import type { Draft, Waiting } from "../../kube/cluster.ts";
import { ownedBy } from "../../kube/core.ts";
import { KubeFailure } from "../../kube/failure.ts";
import { targetOf } from "../task/target.ts";
import { backupSessions, type Means, write } from "./means.ts";
import * as change from "./status.ts";

/** On a session that is another try: of which one. Tells it from a session of a slot that falls on the same second. */
const retryOf = "coldstream/retry-of";

/** Makes the session of the next try, and says so. Done again, it finds the one it made. */
export async function retry(
  means: Means,
  { session, configuration }: { readonly session: BackupSession; readonly configuration: BackupConfiguration },
  waiting: Waiting,
): Promise<void> {
  const name = await makeNext(means, { session, configuration }, waiting);
  await write(means, { session }, change.retried, waiting);
  const message = `BackupSession ${name} tries it again.`;
  await means.world.recorder.event(session, { type: "Normal", reason: "Backup Retried", message });
}

async function makeNext(
  { world: { cluster } }: Means,
  { session, configuration }: { readonly session: BackupSession; readonly configuration: BackupConfiguration },
  waiting: Waiting,
): Promise<string> {
  const due = Date.parse(session.status?.nextRetry ?? "");
  for (let later = 0; ; later++) {
    const name = backupSessionName(configuration.metadata.name ?? "", new Date(due + later * 1000));
    try {
      await cluster.create(backupSessions, draftOf({ name, session, configuration }), waiting);
      return name;
    } catch (error) {
      if (!KubeFailure.isReason(error, "AlreadyExists")) throw error;
    }
    const there = await cluster.get(backupSessions, { namespace: session.metadata.namespace, name }, waiting);
    if (there?.metadata.annotations?.[retryOf] === session.metadata.uid) return name;
  }
}

interface NextTry {
  readonly name: string;
  readonly session: BackupSession;
  readonly configuration: BackupConfiguration;
}

function draftOf({ name, session, configuration }: NextTry): Draft {
  const { kind, metadata } = configuration;
  const invoker = { kind, name: metadata.name ?? "" };
  return {
    metadata: {
      name,
      namespace: metadata.namespace,
      labels: {
        ...offshootLabels(metadata.labels, "backup"),
        ...sessionLabels({ invoker, target: targetOf(configuration) }),
      },
      annotations: { [retryOf]: session.metadata.uid ?? "" },
      ownerReferences: [ownedBy(configuration)],
    },
    spec: {
      invoker: { apiGroup: groups.stash, ...invoker },
      retryLeft: (session.spec.retryLeft ?? 0) - 1,
    },
  };
}
