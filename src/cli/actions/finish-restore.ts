import { Failure } from "../../kit/failures.ts";
import { counted } from "../../kit/quantities.ts";
import { type FinishedSwap, finishSwaps } from "../../vault/swap-leftovers.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { RestoreOptions } from "../commands/restore.ts";
import { failureMessage } from "../failure-text.ts";
import { openNats } from "../nats-session.ts";
import { loadProfile } from "../profile.ts";
import { noteLines } from "../report-text.ts";
import { visible } from "../visible.ts";

/** Brings overwrites to their end that were interrupted, from what they left on the server. */
export async function finishRestores(
  context: CommandContext,
  given: RestoreOptions,
  streams: readonly string[],
): Promise<Outcome> {
  const { printer } = context;
  refuseOthers(given);
  await using nats = await openNats(context, given, await loadProfile(context, given));
  const swaps = await finishSwaps(nats, { streams }, context);
  if (swaps.length === 0) printer.done("there is no unfinished overwrite");
  else printer.done(...swaps.map(finishedLine), ...noteLines(swaps.filter((swap) => swap.outcome !== "failed")));
  printer.document({ finished: swaps });
  const failed = swaps.flatMap((swap) => (swap.outcome === "failed" ? [swap] : []));
  const [first] = failed;
  if (first === undefined) return undefined;
  if (failed.length === swaps.length) return first.failure;
  return new Failure("partly-done", `${counted(failed.length, "overwrite")} of ${swaps.length} could not be finished`);
}

function refuseOthers({ all, snapshot, onConflict, rename, dryRun, inPlace }: RestoreOptions): void {
  const isGiven = all || dryRun || inPlace || rename.length > 0 || snapshot !== undefined || onConflict !== undefined;
  if (!isGiven) return;
  throw new Failure("usage", "--finish does what the interrupted restore was told, and takes names of streams only");
}

function finishedLine(swap: FinishedSwap): string {
  const stream = visible(swap.stream);
  switch (swap.outcome) {
    case "finished":
      return `${stream}: the new content is in place`;
    case "cleared":
      return `${stream}: nothing had been replaced yet, and the copy was removed`;
    case "failed":
      return `${stream}: failed: ${failureMessage(swap.failure)}`;
    default:
      throw new Error(`unknown outcome ${swap satisfies never}`);
  }
}
