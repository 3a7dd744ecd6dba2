import { defineCommand } from "../command.ts";
import type { Values } from "../option.ts";
import { toggle } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";

export const unlockOptions = {
  removeAll: toggle("--remove-all", "every lock, also those of runs that may be alive"),
  yes: toggle("-y, --yes", "do not ask"),
  ...repositoryOptions,
};
export type UnlockOptions = Values<typeof unlockOptions>;

export const unlockCommand = defineCommand({
  name: "unlock",
  description:
    "Removes locks that dead runs left in the repository: those of processes of this machine that are gone, and those " +
    "older than half an hour.",
  options: unlockOptions,
  examples: [
    { line: "coldstream unlock", what: "after a run was killed" },
    { line: "coldstream unlock --remove-all", what: "when you know that nothing else uses the repository" },
  ],
  run: async (context, options) => await (await import("../actions/unlock.ts")).unlockRepository(context, options),
});
