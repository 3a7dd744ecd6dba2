import type { BackupSession, BackupSessionStatus } from "../../api/backup-session.ts";
import { defaultHost } from "../../api/labels.ts";
import { backupJobName } from "../../api/names.ts";
import type { Waiting } from "../../kube/cluster.ts";
import type { Recorder } from "../../kube/recorder.ts";
import { resourceOf } from "../../kube/resource.ts";
import type { World } from "../controller.ts";
import type { SessionMemory } from "../session/memory.ts";
import { writeStatus } from "../session/writing.ts";
import type { InvokerView } from "./decide.ts";

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
  { session, isFresh }: { readonly session: BackupSession; readonly isFresh?: boolean },
  change: (status: BackupSessionStatus) => BackupSessionStatus | undefined,
  { signal }: Waiting,
): Promise<BackupSession | undefined> {
  const sessions = { resource: backupSessions, world, memory };
  return await writeStatus(sessions, session, { change: ({ status }) => change(status ?? {}), isFresh, signal });
}

export function jobNameOf({ metadata }: BackupSession): string {
  return backupJobName(metadata.name ?? "");
}

export function hostOf(invoker: InvokerView): string {
  const alias = invoker.state === "found" ? invoker.configuration.spec.target?.alias : undefined;
  return alias === undefined || alias === "" ? defaultHost : alias;
}
