import { z } from "zod";
import { InvokerPhase, planFields, targetFields } from "./backup-configuration.ts";
import { Conditions } from "./condition.ts";
import { documentOf } from "./document.ts";
import { BackupHooks } from "./hooks.ts";
import { RepositoryRef, TargetRef } from "./references.ts";
import { RuntimeSettings } from "./runtime-settings.ts";
import { Driver, ExecutionOrder } from "./session-settings.ts";

export const BackupMember = z.object(targetFields);
export type BackupMember = z.infer<typeof BackupMember>;

export const BackupBatchSpec = z.object({
  members: z.array(BackupMember).optional().describe("What to back up."),
  ...planFields,
  runtimeSettings: RuntimeSettings.optional().describe("Settings of the CronJob's pods."),
  driver: Driver,
  repository: RepositoryRef.optional().describe("Where to."),
  paused: z.boolean().optional().describe("Make no BackupSessions for now."),
  hooks: BackupHooks.optional().describe("What to do before the first member and after the last."),
  executionOrder: ExecutionOrder,
});
export type BackupBatchSpec = z.infer<typeof BackupBatchSpec>;

export const BackupBatchStatus = z.object({
  observedGeneration: z.int().optional(),
  conditions: Conditions.optional(),
  memberConditions: z.array(z.object({ target: TargetRef, conditions: Conditions.optional() })).optional(),
  phase: InvokerPhase.optional(),
});
export type BackupBatchStatus = z.infer<typeof BackupBatchStatus>;

export const BackupBatch = documentOf("BackupBatch", {
  spec: BackupBatchSpec,
  status: BackupBatchStatus.optional(),
});
export type BackupBatch = z.infer<typeof BackupBatch>;
