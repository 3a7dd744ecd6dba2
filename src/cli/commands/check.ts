import { Failure } from "../../kit/failures.ts";
import { counted } from "../../kit/quantities.ts";
import { defineCommand } from "../command.ts";
import { parsed } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";
import { loadProfile } from "../profile.ts";
import { openNamedRepository } from "../repository-session.ts";
import { visible, visibleSentence } from "../visible.ts";

export const checkCommand = defineCommand({
  name: "check",
  description:
    "Checks that everything the repository's index names is there. Reading data is a choice: all of it takes as long as " +
    "reading the repository does. Works beside running backups.",
  options: {
    readDataSubset: parsed(
      "--read-data-subset <part>",
      "read data too: 10%, 2/7 (the second seventh) or 5G",
      readSubset,
    ),
    ...repositoryOptions,
  },
  examples: [
    { line: "coldstream check", what: "is everything there?" },
    { line: "coldstream check --read-data-subset 100%", what: "and is it what was written?" },
  ],
  async run(context, options) {
    const { printer, signal } = context;
    const repository = await openNamedRepository(context, options, await loadProfile(context, options));
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
  },
});

export function readSubset(given: string): string {
  const fraction = /^(\d+)\/(\d+)$/.exec(given);
  const isFraction = fraction !== null && Number(fraction[1]) >= 1 && Number(fraction[1]) <= Number(fraction[2]);
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(given);
  const isPercent = percent !== null && Number(percent[1]) > 0 && Number(percent[1]) <= 100;
  if (isFraction || isPercent || /^[1-9]\d*[KMGT]?$/i.test(given)) return given;
  throw new Failure("usage", `${JSON.stringify(given)} is no part of the data`, {
    hint: "parts look like 10%, 2/7 or 5G",
  });
}
