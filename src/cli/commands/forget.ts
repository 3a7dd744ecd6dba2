import { Failure } from "../../kit/failures.ts";
import { counted } from "../../kit/quantities.ts";
import type { RetentionPolicy } from "../../repository/retention.ts";
import { type ForgetReport, forgetSnapshots } from "../../vault/retention.ts";
import { defineCommand } from "../command.ts";
import { requireConfirmation } from "../confirm.ts";
import { list, parsed, toggle, type Values, whole } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";
import { targetOption } from "../options/target.ts";
import { loadProfile } from "../profile.ts";
import { snapshotLines } from "../report-text.ts";
import { openNamedRepository } from "../repository-session.ts";
import { visible } from "../visible.ts";

const bounds = { min: 1, max: 1_000_000 };

const rules = {
  keepLast: whole("--keep-last <n>", "keep the n newest", bounds),
  keepHourly: whole("--keep-hourly <n>", "the newest of each of the last n hours that have one", bounds),
  keepDaily: whole("--keep-daily <n>", "of each of the last n days", bounds),
  keepWeekly: whole("--keep-weekly <n>", "of each of the last n weeks", bounds),
  keepMonthly: whole("--keep-monthly <n>", "of each of the last n months", bounds),
  keepYearly: whole("--keep-yearly <n>", "of each of the last n years", bounds),
  keepWithin: parsed("--keep-within <duration>", "all that are younger, as 2y5m7d3h", readWithin),
  keepTags: list("--keep-tag <tag>", "all with this tag; may be repeated", readTag),
};

export const forgetCommand = defineCommand({
  name: "forget",
  description:
    "Removes snapshots that no rule keeps, for each target and selection of streams by itself. Proofs are left alone. Space is " +
    "freed by --prune. What will go is shown first, and needs a yes.",
  options: {
    ...rules,
    target: targetOption("only snapshots of this target"),
    prune: toggle("--prune", "also remove the data that nothing needs any more"),
    dryRun: toggle("-n, --dry-run", "show what would go, and stop"),
    yes: toggle("-y, --yes", "do not ask"),
    ...repositoryOptions,
  },
  examples: [
    { line: "coldstream forget --keep-last 7 --dry-run", what: "what would go" },
    { line: "coldstream forget --keep-daily 7 --keep-weekly 5 --prune --yes", what: "in a nightly script" },
  ],
  async run(context, options) {
    const { printer } = context;
    const policy = readPolicy(options);
    const repository = await openNamedRepository(context, options, await loadProfile(context, options));
    const { prune, target } = options;
    const scope = { prune, ...(target === undefined ? {} : { target }) };
    const plan = await forgetSnapshots(repository, policy, { ...scope, dryRun: true }, context);
    printer.lines(...forgetLines(plan));
    if (options.dryRun) {
      printer.lines("", "nothing was removed");
      printer.document({ dryRun: true, repository: repository.url, ...plan });
      return;
    }
    if (plan.remove.length > 0) {
      const question = `Remove ${counted(plan.remove.length, "snapshot")} from ${visible(repository.url)}?`;
      await requireConfirmation(context, { yes: options.yes, question });
    }
    const report = await forgetSnapshots(repository, policy, { ...scope, dryRun: false }, context);
    printer.done(
      "",
      `${counted(report.remove.length, "snapshot")} removed, ${counted(report.keep.length, "snapshot")} kept`,
    );
    printer.document({ dryRun: false, repository: repository.url, ...report });
  },
});

/** Without a rule everything would go: that is never meant. */
export function readPolicy(options: Values<typeof rules>): RetentionPolicy {
  const names = [
    "keepLast",
    "keepHourly",
    "keepDaily",
    "keepWeekly",
    "keepMonthly",
    "keepYearly",
    "keepWithin",
  ] as const;
  const given = names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]] as const);
  if (given.length === 0 && options.keepTags.length === 0) {
    throw new Failure("usage", "no rule says what to keep", {
      hint: "give at least one of --keep-last, --keep-daily, ...",
    });
  }
  return { ...Object.fromEntries(given), ...(options.keepTags.length === 0 ? {} : { keepTags: options.keepTags }) };
}

function forgetLines({ keep, remove }: ForgetReport): string[] {
  const reasons = new Map(keep.map(({ snapshot, reasons: why }) => [snapshot.id, why.join(", ")]));
  const snapshots = [...keep.map(({ snapshot }) => snapshot), ...remove].sort(
    (one, other) => one.time.getTime() - other.time.getTime(),
  );
  if (snapshots.length === 0) return ["there are no snapshots"];
  const cell = ({ id }: { readonly id: string }) => {
    const why = reasons.get(id);
    return why === undefined ? "remove" : `keep: ${visible(why)}`;
  };
  return snapshotLines(snapshots, { title: "DECISION", cell });
}

function readWithin(given: string): string {
  if (/^(?:\d+[ymdh])+$/.test(given)) return given;
  throw new Failure("usage", `${JSON.stringify(given)} is not a duration`, { hint: "it looks like 2y5m7d3h" });
}

function readTag(given: string): string {
  if (given !== "" && !given.includes(",")) return given;
  throw new Failure("usage", `${JSON.stringify(given)} is not a tag`);
}
