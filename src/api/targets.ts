import { z } from "zod";
import { PersistentVolumeClaimTemplate } from "./interim-volume.ts";
import { VolumeMount } from "./kubernetes.ts";
import { TargetRef } from "./references.ts";
import { Int32 } from "./structural.ts";

const alias = z.string().optional().describe("Name of the data in the repository (restic's host); empty: host-0.");
const args = z.array(z.string()).optional().describe("Not used for NATS.");
const volumeMounts = z.array(VolumeMount).optional().describe("Not used for NATS.");
const replicas = Int32.optional().describe("Not used for NATS.");

export const BackupTarget = z.object({
  alias,
  ref: TargetRef.optional().describe("What to back up: the AppBinding of a NATS account."),
  paths: z.array(z.string()).optional().describe("Not used for NATS."),
  volumeMounts,
  replicas,
  snapshotClassName: z.string().optional().describe("Not used for NATS."),
  exclude: z.array(z.string()).optional().describe("Not used for NATS."),
  args,
});
export type BackupTarget = z.infer<typeof BackupTarget>;

export const RestoreRule = z.object({
  targetHosts: z.array(z.string()).optional().describe("Aliases that this rule is for; empty: all others."),
  sourceHost: z.string().optional().describe("Alias under which the data was backed up."),
  snapshots: z.array(z.string()).optional().describe("Which snapshot: an id, or latest."),
  paths: z.array(z.string()).optional().describe("Not used for NATS."),
  exclude: z.array(z.string()).optional().describe("Not used for NATS."),
  include: z.array(z.string()).optional().describe("Not used for NATS."),
});
export type RestoreRule = z.infer<typeof RestoreRule>;

export const RestoreTarget = z.object({
  alias,
  ref: TargetRef.optional().describe("Where to restore to: the AppBinding of a NATS account."),
  rules: z.array(RestoreRule).optional().describe("What to restore; without rules the latest snapshot."),
  volumeMounts,
  replicas,
  volumeClaimTemplates: z.array(PersistentVolumeClaimTemplate).optional().describe("Not used for NATS."),
  args,
});
export type RestoreTarget = z.infer<typeof RestoreTarget>;
