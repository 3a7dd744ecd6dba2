import { counted, formatTime } from "../../kit/quantities.ts";
import type { Lock } from "../../repository/restic.ts";
import { defineCommand } from "../command.ts";
import { requireConfirmation } from "../confirm.ts";
import { toggle } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";
import { loadProfile } from "../profile.ts";
import { openNamedRepository } from "../repository-session.ts";
import { visible } from "../visible.ts";

export const unlockCommand = defineCommand({
  name: "unlock",
  description:
    "Removes locks that dead runs left in the repository: those of processes of this machine that are gone, and those " +
    "older than half an hour.",
  options: {
    removeAll: toggle("--remove-all", "every lock, also those of runs that may be alive"),
    yes: toggle("-y, --yes", "do not ask"),
    ...repositoryOptions,
  },
  examples: [
    { line: "coldstream unlock", what: "after a run was killed" },
    { line: "coldstream unlock --remove-all", what: "when you know that nothing else uses the repository" },
  ],
  async run(context, options) {
    const { printer, signal } = context;
    const repository = await openNamedRepository(context, options, await loadProfile(context, options));
    if (options.removeAll) {
      const question = `Remove every lock of ${visible(repository.url)}? A run that is alive could lose what it stores.`;
      await requireConfirmation(context, { yes: options.yes, question });
    }
    const before = await repository.locks({ signal });
    await repository.unlock({ all: options.removeAll, signal });
    const left = await repository.locks({ signal });
    const removed = before.filter(({ id }) => left.every((lock) => lock.id !== id));
    printer.done(`${counted(removed.length, "lock")} removed`, ...left.map(lockLine));
    printer.document({ repository: repository.url, removed, left });
  },
});

function lockLine({ hostname, pid, time, exclusive }: Lock): string {
  const kind = exclusive ? "exclusive" : "shared";
  return `  left: ${kind}, of process ${pid} on ${visible(hostname)}, since ${formatTime(time)}`;
}
