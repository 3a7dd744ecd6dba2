import { z } from "zod";
import { Conditions } from "./condition.ts";
import { documentOf } from "./document.ts";
import { BackupHooks } from "./hooks.ts";
import { InterimVolumeTemplate } from "./interim-volume.ts";
import { RepositoryRef, TaskRef } from "./references.ts";
import { RetentionPolicy } from "./retention-policy.ts";
import { RuntimeSettings } from "./runtime-settings.ts";
import { Driver, RetryConfig, TempDir, TimeOut } from "./session-settings.ts";
import { Int32 } from "./structural.ts";
import { BackupTarget } from "./targets.ts";

/** What is said of one target, alone or as a member of a batch. */
export const targetFields = {
  task: TaskRef.optional().describe("How to back up; empty: what the AppBinding says."),
  target: BackupTarget.optional(),
  runtimeSettings: RuntimeSettings.optional(),
  tempDir: TempDir.optional(),
  interimVolumeTemplate: InterimVolumeTemplate.optional(),
  hooks: BackupHooks.optional().describe("What to do before and after."),
};

/** When to back up and what to keep, for a target, a batch, or what a blueprint makes. */
export const planFields = {
  schedule: z.string().optional().describe("When: a cron expression."),
  retentionPolicy: RetentionPolicy,
  backupHistoryLimit: Int32.optional().describe("How many finished BackupSessions are kept; 1 by default."),
  timeOut: TimeOut.optional(),
  retryConfig: RetryConfig.optional(),
};

export const BackupConfigurationSpec = z.object({
  ...targetFields,
  ...planFields,
  repository: RepositoryRef.optional().describe("Where to."),
  driver: Driver,
  paused: z.boolean().optional().describe("Make no BackupSessions for now."),
});
export type BackupConfigurationSpec = z.infer<typeof BackupConfigurationSpec>;

export const InvokerPhase = z.enum(["Invalid", "Ready", "NotReady"]);
export type InvokerPhase = z.infer<typeof InvokerPhase>;

export const BackupConfigurationStatus = z.object({
  observedGeneration: z.int().optional(),
  conditions: Conditions.optional(),
  phase: InvokerPhase.optional(),
});
export type BackupConfigurationStatus = z.infer<typeof BackupConfigurationStatus>;

export const BackupConfiguration = documentOf("BackupConfiguration", {
  spec: BackupConfigurationSpec,
  status: BackupConfigurationStatus.optional(),
});
export type BackupConfiguration = z.infer<typeof BackupConfiguration>;
