import { Failure } from "../../kit/failures.ts";
import { defineCommand } from "../command.ts";
import type { Values } from "../option.ts";
import { parsed } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";

export const checkOptions = {
  readDataSubset: parsed("--read-data-subset <part>", "read data too: 10%, 2/7 (the second seventh) or 5G", readSubset),
  ...repositoryOptions,
};
export type CheckOptions = Values<typeof checkOptions>;

export const checkCommand = defineCommand({
  name: "check",
  description:
    "Checks that everything the repository's index names is there. Reading data is a choice: all of it takes as long as " +
    "reading the repository does. Works beside running backups.",
  options: checkOptions,
  examples: [
    { line: "coldstream check", what: "is everything there?" },
    { line: "coldstream check --read-data-subset 100%", what: "and is it what was written?" },
  ],
  run: async (context, options) => await (await import("../actions/check.ts")).checkRepository(context, options),
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
