import type { AppBinding } from "../../api/app-binding.ts";
import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { BackupSession } from "../../api/backup-session.ts";
import type { StashFunction } from "../../api/function.ts";
import type { Repository } from "../../api/repository.ts";
import type { RestoreSession } from "../../api/restore-session.ts";
import type { Task } from "../../api/task.ts";
import type { MadeObject } from "../made.ts";
import type { OperatorSettings } from "../settings.ts";

/** A run, and what it is a run of. A restore is both in one. */
export type Run =
  | { readonly session: BackupSession; readonly invoker: BackupConfiguration }
  | { readonly session: RestoreSession; readonly invoker: RestoreSession };

export type ExecutorRequest = Run & {
  readonly repository: Repository;
  readonly appBinding: AppBinding;
  readonly task: Task;
  /** By name: all that `functionNamesOf(task)` says. */
  readonly functions: ReadonlyMap<string, StashFunction>;
  readonly settings: OperatorSettings;
  readonly now: Date;
};

/** What carries a session out. */
export interface Executor {
  /** Of the Job; its Role, RoleBinding and report are named alike. */
  readonly name: string;
  /** In the order to make them: Role, RoleBinding (twice with hooks by exec), report, interim claim, Job. All are the session's. */
  readonly objects: readonly MadeObject[];
  /** Params of the user that no Function looks at: most likely misspelt. */
  readonly unusedParams: readonly string[];
}

/** Throws `configuration-invalid` with one sentence that names what is wrong. */
export function buildExecutor(_request: ExecutorRequest): Executor {
  throw new Error("not built yet");
}
