import { z } from "zod";
import { planFields, targetFields } from "./backup-configuration.ts";
import { documentOf } from "./document.ts";
import { noWipeOut, repositoryFields } from "./repository.ts";
import { withRule } from "./rule.ts";

const { target: _, ...taskFields } = targetFields;

/** What an annotated AppBinding gets: a Repository and a BackupConfiguration. Backend and task may hold variables. */
export const BackupBlueprintSpec = withRule(
  z.object({
    ...repositoryFields,
    backupNamespace: z.string().optional().describe("Where the BackupConfiguration is made; empty: beside the target."),
    repoNamespace: z
      .string()
      .optional()
      .describe("Where the Repository is made; empty: beside the BackupConfiguration."),
    ...taskFields,
    ...planFields,
  }),
  noWipeOut,
);
export type BackupBlueprintSpec = z.infer<typeof BackupBlueprintSpec>;

export const BackupBlueprint = documentOf("BackupBlueprint", { spec: BackupBlueprintSpec });
export type BackupBlueprint = z.infer<typeof BackupBlueprint>;
