import { z } from "zod";
import { TargetPhase } from "./backup-session.ts";
import { Conditions } from "./condition.ts";
import { documentOf } from "./document.ts";
import { RestoreHooks } from "./hooks.ts";
import { RepositoryRef, TargetRef } from "./references.ts";
import { HostRestoreStats, RestorePhase, restoreFields } from "./restore-session.ts";
import { Driver, ExecutionOrder, TimeOut } from "./session-settings.ts";
import { Int32, Time } from "./structural.ts";

export const RestoreMember = z.object(restoreFields);
export type RestoreMember = z.infer<typeof RestoreMember>;

export const RestoreBatchSpec = z.object({
  driver: Driver,
  repository: RepositoryRef.optional().describe("Where from."),
  members: z.array(RestoreMember).optional().describe("What to restore."),
  executionOrder: ExecutionOrder,
  hooks: RestoreHooks.optional().describe("What to do before the first member and after the last."),
  timeOut: TimeOut.optional(),
});
export type RestoreBatchSpec = z.infer<typeof RestoreBatchSpec>;

export const RestoreMemberStatus = z.object({
  ref: TargetRef.optional(),
  conditions: Conditions.optional(),
  totalHosts: Int32.optional(),
  phase: TargetPhase.optional(),
  stats: z.array(HostRestoreStats).optional(),
});
export type RestoreMemberStatus = z.infer<typeof RestoreMemberStatus>;

export const RestoreBatchStatus = z.object({
  phase: RestorePhase.optional(),
  sessionDuration: z.string().optional().describe("How long it took."),
  sessionDeadline: Time.optional().describe("It fails when it is not done then."),
  conditions: Conditions.optional(),
  members: z.array(RestoreMemberStatus).optional(),
});
export type RestoreBatchStatus = z.infer<typeof RestoreBatchStatus>;

export const RestoreBatch = documentOf("RestoreBatch", {
  spec: RestoreBatchSpec.prefault({}),
  status: RestoreBatchStatus.optional(),
});
export type RestoreBatch = z.infer<typeof RestoreBatch>;
