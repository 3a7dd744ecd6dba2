import { Failure } from "../../kit/failures.ts";
import { defineCommand } from "../command.ts";
import { list, parsed, toggle, type Values, whole } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";
import { targetOption } from "../options/target.ts";

const bounds = { min: 1, max: 1_000_000 };

export const rules = {
  keepLast: whole("--keep-last <n>", "keep the n newest", bounds),
  keepHourly: whole("--keep-hourly <n>", "the newest of each of the last n hours that have one", bounds),
  keepDaily: whole("--keep-daily <n>", "of each of the last n days", bounds),
  keepWeekly: whole("--keep-weekly <n>", "of each of the last n weeks", bounds),
  keepMonthly: whole("--keep-monthly <n>", "of each of the last n months", bounds),
  keepYearly: whole("--keep-yearly <n>", "of each of the last n years", bounds),
  keepWithin: parsed("--keep-within <duration>", "all that are younger, as 2y5m7d3h", readWithin),
  keepTags: list("--keep-tag <tag>", "all with this tag; may be repeated", readTag),
};

export const forgetOptions = {
  ...rules,
  target: targetOption("only snapshots of this target"),
  prune: toggle("--prune", "also remove the data that nothing needs any more"),
  dryRun: toggle("-n, --dry-run", "show what would go, and stop"),
  yes: toggle("-y, --yes", "do not ask"),
  ...repositoryOptions,
};
export type ForgetOptions = Values<typeof forgetOptions>;

export const forgetCommand = defineCommand({
  name: "forget",
  description:
    "Removes snapshots that no rule keeps, for each target and selection of streams by itself. Proofs are left alone. Space is " +
    "freed by --prune. What will go is shown first, and needs a yes.",
  options: forgetOptions,
  examples: [
    { line: "coldstream forget --keep-last 7 --dry-run", what: "what would go" },
    { line: "coldstream forget --keep-daily 7 --keep-weekly 5 --prune --yes", what: "in a nightly script" },
  ],
  run: async (context, options) => await (await import("../actions/forget.ts")).forgetOld(context, options),
});

function readWithin(given: string): string {
  if (/^(?:\d+[ymdh])+$/.test(given)) return given;
  throw new Failure("usage", `${JSON.stringify(given)} is not a duration`, { hint: "it looks like 2y5m7d3h" });
}

function readTag(given: string): string {
  if (given !== "" && !given.includes(",")) return given;
  throw new Failure("usage", `${JSON.stringify(given)} is not a tag`);
}
