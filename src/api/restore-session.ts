import { z } from "zod";
import { Conditions } from "./condition.ts";
import { documentOf } from "./document.ts";
import { RestoreHooks } from "./hooks.ts";
import { InterimVolumeTemplate } from "./interim-volume.ts";
import { RepositoryRef, TaskRef } from "./references.ts";
import { RuntimeSettings } from "./runtime-settings.ts";
import { Driver, TempDir, TimeOut } from "./session-settings.ts";
import { Int32, Time } from "./structural.ts";
import { RestoreRule, RestoreTarget } from "./targets.ts";

/** What is said of one target, alone or as a member of a batch. */
export const restoreFields = {
  task: TaskRef.optional().describe("How to restore; empty: what the AppBinding says."),
  target: RestoreTarget.optional(),
  runtimeSettings: RuntimeSettings.optional(),
  tempDir: TempDir.optional(),
  interimVolumeTemplate: InterimVolumeTemplate.optional(),
  hooks: RestoreHooks.optional().describe("What to do before and after."),
};

export const RestoreSessionSpec = z.object({
  ...restoreFields,
  repository: RepositoryRef.optional().describe("Where from."),
  rules: z.array(RestoreRule).optional().describe("The older place of target.rules; wins over it."),
  driver: Driver,
  timeOut: TimeOut.optional(),
});
export type RestoreSessionSpec = z.infer<typeof RestoreSessionSpec>;

export const RestorePhase = z.enum(["Pending", "Running", "Succeeded", "Failed", "Unknown", "Invalid"]);
export type RestorePhase = z.infer<typeof RestorePhase>;

export const HostRestoreStats = z.object({
  hostname: z.string().optional(),
  phase: z.enum(["Succeeded", "Failed", "Running", "Unknown"]).optional(),
  duration: z.string().optional(),
  error: z.string().optional().describe("Why it failed."),
});
export type HostRestoreStats = z.infer<typeof HostRestoreStats>;

export const RestoreSessionStatus = z.object({
  phase: RestorePhase.optional(),
  totalHosts: Int32.optional(),
  sessionDuration: z.string().optional().describe("How long it took."),
  sessionDeadline: Time.optional().describe("It fails when it is not done then."),
  stats: z.array(HostRestoreStats).optional(),
  conditions: Conditions.optional(),
});
export type RestoreSessionStatus = z.infer<typeof RestoreSessionStatus>;

export const RestoreSession = documentOf("RestoreSession", {
  spec: RestoreSessionSpec.prefault({}),
  status: RestoreSessionStatus.optional(),
});
export type RestoreSession = z.infer<typeof RestoreSession>;

/** The rules of a restore. Stash moves the top-level ones to the target; here a spec stays as it was written. */
export function rulesOf({ rules, target }: RestoreSessionSpec): readonly RestoreRule[] {
  return rules !== undefined && rules.length > 0 ? rules : (target?.rules ?? []);
}
