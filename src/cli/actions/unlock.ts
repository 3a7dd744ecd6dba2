import { counted, formatTime } from "../../kit/quantities.ts";
import type { Lock } from "../../repository/restic.ts";
import type { CommandContext } from "../command.ts";
import type { UnlockOptions } from "../commands/unlock.ts";
import { requireConfirmation } from "../confirm.ts";
import { loadProfile } from "../profile.ts";
import { openNamedRepository } from "../repository-session.ts";
import { visible } from "../visible.ts";

export async function unlockRepository(context: CommandContext, options: UnlockOptions): Promise<undefined> {
  const { printer, signal } = context;
  await using repository = await openNamedRepository(context, options, await loadProfile(context, options));
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
}

function lockLine({ hostname, pid, time, exclusive }: Lock): string {
  const kind = exclusive ? "exclusive" : "shared";
  return `  left: ${kind}, of process ${pid} on ${visible(hostname)}, since ${formatTime(time)}`;
}
