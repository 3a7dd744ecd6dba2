import type { z } from "zod";
import { AppBinding } from "./app-binding.ts";
import { BackupBatch } from "./backup-batch.ts";
import { BackupBlueprint } from "./backup-blueprint.ts";
import { BackupConfiguration } from "./backup-configuration.ts";
import { BackupSession } from "./backup-session.ts";
import { StashFunction } from "./function.ts";
import type { Kind } from "./kinds.ts";
import { Repository } from "./repository.ts";
import { RestoreBatch } from "./restore-batch.ts";
import { RestoreSession } from "./restore-session.ts";
import { Snapshot } from "./snapshot.ts";
import { Task } from "./task.ts";

/** The schema of every kind. */
export const documents = {
  AppBinding,
  BackupBatch,
  BackupBlueprint,
  BackupConfiguration,
  BackupSession,
  Function: StashFunction,
  Repository,
  RestoreBatch,
  RestoreSession,
  Snapshot,
  Task,
} as const satisfies Record<Kind, z.ZodObject>;

export type DocumentOf<K extends Kind> = z.infer<(typeof documents)[K]>;
export type Document = DocumentOf<Kind>;
