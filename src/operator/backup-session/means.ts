import type { BackupSession, BackupSessionStatus } from "../../api/backup-session.ts";
import { defaultHost } from "../../api/labels.ts";
import { backupJobName } from "../../api/names.ts";
import type { Waiting } from "../../kube/cluster.ts";
import type { Recorder } from "../../kube/recorder.ts";
import { keyOf, resourceOf } from "../../kube/resource.ts";
import { updateStatus } from "../../kube/update.ts";
import type { World } from "../controller.ts";
import type { SessionMemory } from "../session/memory.ts";
import { createdAt } from "../session/times.ts";
import type { InvokerView } from "./decide.ts";
import type { Moment } from "./status.ts";

export const backupSessions = resourceOf("BackupSession");

/** What all steps of this kind work with. */
export interface Means {
  readonly world: World;
  readonly memory: SessionMemory<BackupSession>;
  /** For what Stash's Jobs tell of hosts: people look for its name. */
  readonly statusUpdater: Recorder;
}

/** Writes what `change` makes of the status; undefined: the session is gone, or is another one of that name. */
export async function write(
  { world, memory }: Means,
  { session, isFresh = true }: { readonly session: BackupSession; readonly isFresh?: boolean },
  change: (status: BackupSessionStatus) => BackupSessionStatus | undefined,
  { signal }: Waiting,
): Promise<BackupSession | undefined> {
  const { uid } = session.metadata;
  const options = { signal, ...(isFresh ? { from: session } : {}) };
  const ofThis = ({ metadata, status }: BackupSession) => (metadata.uid === uid ? change(status ?? {}) : undefined);
  const written = await updateStatus(world.cluster, backupSessions, keyOf(session), ofThis, options);
  if (written === undefined || written.metadata.uid !== uid) return undefined;
  memory.wrote(written);
  return written;
}

export function momentOf({ clock }: World, { metadata }: BackupSession): Moment {
  const now = clock();
  return { created: createdAt(metadata, now), now };
}

export function jobNameOf({ metadata }: BackupSession): string {
  return backupJobName(metadata.name ?? "");
}

export function hostOf(invoker: InvokerView): string {
  const alias = invoker.state === "found" ? invoker.configuration.spec.target?.alias : undefined;
  return alias === undefined || alias === "" ? defaultHost : alias;
}
