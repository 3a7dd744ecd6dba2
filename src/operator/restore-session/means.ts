import { defaultHost } from "../../api/labels.ts";
import { restoreJobName } from "../../api/names.ts";
import type { RestoreSession, RestoreSessionStatus } from "../../api/restore-session.ts";
import type { Waiting } from "../../kube/cluster.ts";
import type { Recorder } from "../../kube/recorder.ts";
import { keyOf, resourceOf } from "../../kube/resource.ts";
import { updateStatus } from "../../kube/update.ts";
import type { World } from "../controller.ts";
import type { SessionMemory } from "../session/memory.ts";
import { createdAt } from "../session/times.ts";
import type { SecretReader } from "../view/secret.ts";
import type { Moment } from "./status.ts";

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
  { session, isFresh = true }: { readonly session: RestoreSession; readonly isFresh?: boolean },
  change: (status: RestoreSessionStatus) => RestoreSessionStatus | undefined,
  { signal }: Waiting,
): Promise<RestoreSession | undefined> {
  const { uid } = session.metadata;
  const options = { signal, ...(isFresh ? { from: session } : {}) };
  const ofThis = ({ metadata, status }: RestoreSession) => (metadata.uid === uid ? change(status ?? {}) : undefined);
  const written = await updateStatus(world.cluster, restoreSessions, keyOf(session), ofThis, options);
  if (written === undefined || written.metadata.uid !== uid) return undefined;
  memory.wrote(written);
  return written;
}

export function momentOf({ clock }: World, { metadata }: RestoreSession): Moment {
  const now = clock();
  return { created: createdAt(metadata, now), now };
}

export function jobNameOf({ metadata }: RestoreSession): string {
  return restoreJobName(metadata.name ?? "");
}

export function hostOf({ spec }: RestoreSession): string {
  const alias = spec.target?.alias;
  return alias === undefined || alias === "" ? defaultHost : alias;
}
