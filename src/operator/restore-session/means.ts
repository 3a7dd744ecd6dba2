import { defaultHost } from "../../api/labels.ts";
import { restoreJobName } from "../../api/names.ts";
import type { RestoreSession, RestoreSessionStatus } from "../../api/restore-session.ts";
import type { Waiting } from "../../kube/cluster.ts";
import type { Recorder } from "../../kube/recorder.ts";
import { resourceOf } from "../../kube/resource.ts";
import type { World } from "../controller.ts";
import type { SessionMemory } from "../session/memory.ts";
import { writeStatus } from "../session/writing.ts";
import type { SecretReader } from "../view/secret.ts";

export const restoreSessions = resourceOf("RestoreSession");

/** What all steps of this kind work with. */
export interface Means {
  readonly world: World;
  readonly memory: SessionMemory<RestoreSession>;
  readonly secrets: SecretReader;
  /** For what Stash's Jobs tell of hosts: people look for its name. */
  readonly statusUpdater: Recorder;
}

/** Writes what `change` makes of the status; undefined: the session is gone, or is another one of that name. */
export async function write(
  { world, memory }: Means,
  { session, isFresh }: { readonly session: RestoreSession; readonly isFresh?: boolean },
  change: (status: RestoreSessionStatus) => RestoreSessionStatus | undefined,
  { signal }: Waiting,
): Promise<RestoreSession | undefined> {
  const sessions = { resource: restoreSessions, world, memory };
  return await writeStatus(sessions, session, { change: ({ status }) => change(status ?? {}), isFresh, signal });
}

export function jobNameOf({ metadata }: RestoreSession): string {
  return restoreJobName(metadata.name ?? "");
}

export function hostOf({ spec }: RestoreSession): string {
  const alias = spec.target?.alias;
  return alias === undefined || alias === "" ? defaultHost : alias;
}
