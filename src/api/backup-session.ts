import { z } from "zod";
import { Conditions } from "./condition.ts";
import { documentOf } from "./document.ts";
import { InvokerRef, TargetRef } from "./references.ts";
import { Int32, Time } from "./structural.ts";

export const BackupSessionSpec = z.object({
  invoker: InvokerRef.describe("What this is a run of."),
  retryLeft: Int32.optional().describe("How often it may be tried again."),
});
export type BackupSessionSpec = z.infer<typeof BackupSessionSpec>;

export const SnapshotStats = z.object({
  name: z.string().optional().describe("restic's id."),
  path: z.string().optional(),
  totalSize: z.string().optional().describe("Size of what was backed up, for people."),
  uploaded: z.string().optional().describe("What was new of it, for people."),
  processingTime: z.string().optional(),
  fileStats: z
    .object({
      totalFiles: z.int().optional(),
      newFiles: z.int().optional(),
      modifiedFiles: z.int().optional(),
      unmodifiedFiles: z.int().optional(),
    })
    .optional(),
});
export type SnapshotStats = z.infer<typeof SnapshotStats>;

export const HostBackupStats = z.object({
  hostname: z.string().optional().describe("The alias, or host-0."),
  phase: z.enum(["Succeeded", "Failed"]).optional(),
  duration: z.string().optional(),
  error: z.string().optional().describe("Why it failed."),
  snapshots: z.array(SnapshotStats).optional(),
});
export type HostBackupStats = z.infer<typeof HostBackupStats>;

export const TargetPhase = z.enum(["Pending", "Succeeded", "Running", "Failed"]);
export type TargetPhase = z.infer<typeof TargetPhase>;

export const BackupTargetStatus = z.object({
  ref: TargetRef.optional(),
  totalHosts: Int32.optional(),
  phase: TargetPhase.optional(),
  stats: z.array(HostBackupStats).optional(),
  preBackupActions: z.array(z.string()).optional(),
  postBackupActions: z.array(z.string()).optional(),
  conditions: Conditions.optional(),
});
export type BackupTargetStatus = z.infer<typeof BackupTargetStatus>;

export const BackupSessionPhase = z.enum(["Pending", "Skipped", "Running", "Succeeded", "Failed", "Unknown"]);
export type BackupSessionPhase = z.infer<typeof BackupSessionPhase>;

export const BackupSessionStatus = z.object({
  phase: BackupSessionPhase.optional(),
  sessionDuration: z.string().optional().describe("How long it took."),
  sessionDeadline: Time.optional().describe("It fails when it is not done then."),
  retried: z.boolean().optional().describe("Another session was made for it."),
  nextRetry: Time.optional().describe("When it is tried again."),
  conditions: Conditions.optional(),
  targets: z.array(BackupTargetStatus).optional(),
});
export type BackupSessionStatus = z.infer<typeof BackupSessionStatus>;

export const BackupSession = documentOf("BackupSession", {
  spec: BackupSessionSpec,
  status: BackupSessionStatus.optional(),
});
export type BackupSession = z.infer<typeof BackupSession>;
