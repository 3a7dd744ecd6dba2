import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { BackupSession } from "../../api/backup-session.ts";
import type { RestoreSession } from "../../api/restore-session.ts";

/** A run, and what it is a run of. A restore is both in one. */
export type Run =
  | { readonly session: BackupSession; readonly invoker: BackupConfiguration }
  | { readonly session: RestoreSession; readonly invoker: RestoreSession };
