import { Failure } from "../../kit/failures.ts";
import { counted } from "../../kit/quantities.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { CheckOptions } from "../commands/check.ts";
import { loadProfile } from "../profile.ts";
import { openNamedRepository } from "../repository-session.ts";
import { visible, visibleSentence } from "../visible.ts";

export async function checkRepository(context: CommandContext, options: CheckOptions): Promise<Outcome> {
  const { printer, signal } = context;
  await using repository = await openNamedRepository(context, options, await loadProfile(context, options));
  printer.note(`checking ${visible(repository.url)}`);
  const { readDataSubset } = options;
  const { ok, errors } = await repository.check({
    signal,
    ...(readDataSubset === undefined ? {} : { readDataSubset }),
  });
  printer.lines(...errors.map((error) => `  ${visibleSentence(error)}`));
  if (ok) printer.done("the repository is whole");
  printer.document({ repository: repository.url, ok, errors, readDataSubset: readDataSubset ?? null });
  if (ok) return undefined;
  return new Failure("damaged", `the repository is damaged: ${counted(errors.length, "problem")}`, {
    hint: "make a new backup, find out what is still whole with coldstream prove, and see: restic help repair",
  });
}
