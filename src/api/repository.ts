import { z } from "zod";
import { Backend } from "./backend.ts";
import { documentOf } from "./document.ts";
import { LabelSelector } from "./kubernetes.ts";
import { withRule } from "./rule.ts";
import { Time } from "./structural.ts";

export const UsagePolicy = z.object({
  allowedNamespaces: z
    .object({
      from: z
        .enum(["All", "Selector", "Same"])
        .default("Same")
        .describe("Same: only this namespace. Selector: those whose labels match. All: every one."),
      selector: LabelSelector.optional().describe("With from: Selector. An empty one matches all."),
    })
    .optional(),
});
export type UsagePolicy = z.infer<typeof UsagePolicy>;

/** Fields of a Repository's spec; a BackupBlueprint holds them beside its own. */
export const repositoryFields = {
  backend: Backend.optional().describe("Where the backups lie."),
  wipeOut: z.boolean().optional().describe("Delete the backups when this object is deleted."),
  usagePolicy: UsagePolicy.optional().describe("Which namespaces may use it; without it only this one."),
};

interface Wipeable {
  readonly backend?: Backend | undefined;
  readonly wipeOut?: boolean | undefined;
}

export const noWipeOut = {
  rule: "!(has(self.wipeOut) && self.wipeOut && has(self.backend) && (has(self.backend.local) || has(self.backend.b2)))",
  message: "wipeOut cannot be used with the backends local and b2",
  holds: ({ wipeOut, backend }: Wipeable) =>
    wipeOut !== true || (backend?.local === undefined && backend?.b2 === undefined),
};

export const RepositorySpec = withRule(z.object(repositoryFields), noWipeOut);
export type RepositorySpec = z.infer<typeof RepositorySpec>;

export const RepositoryReference = z.object({
  apiGroup: z.string().optional(),
  kind: z.string().optional(),
  namespace: z.string().optional(),
  name: z.string(),
});
export type RepositoryReference = z.infer<typeof RepositoryReference>;

export const RepositoryStatus = z.object({
  observedGeneration: z.int().optional(),
  firstBackupTime: Time.optional().describe("When the first backup was made."),
  lastBackupTime: Time.optional().describe("When the last good backup was begun."),
  integrity: z.boolean().optional().describe("What restic check said last."),
  totalSize: z.string().optional().describe("Size of all data, for people."),
  snapshotCount: z.int().optional().describe("Snapshots that are kept."),
  snapshotsRemovedOnLastCleanup: z.int().optional(),
  references: z.array(RepositoryReference).optional().describe("Who uses it."),
});
export type RepositoryStatus = z.infer<typeof RepositoryStatus>;

export const Repository = documentOf("Repository", {
  spec: RepositorySpec.prefault({}),
  status: RepositoryStatus.optional(),
});
export type Repository = z.infer<typeof Repository>;
