import { Failure } from "../../kit/failures.ts";
import { counted } from "../../kit/quantities.ts";
import type { RetentionPolicy } from "../../repository/retention.ts";
import { type ForgetReport, forgetSnapshots } from "../../vault/retention.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { ForgetOptions, rules } from "../commands/forget.ts";
import { requireConfirmation } from "../confirm.ts";
import { loadProfile } from "../profile.ts";
import { snapshotDocument, snapshotLines } from "../report-text.ts";
import { openNamedRepository } from "../repository-session.ts";
import { visible } from "../visible.ts";

export async function forgetOld(context: CommandContext, options: ForgetOptions): Promise<Outcome> {
  const { printer } = context;
  const policy = readPolicy(options);
  await using repository = await openNamedRepository(context, options, await loadProfile(context, options));
  const { prune, target } = options;
  const scope = { prune, ...(target === undefined ? {} : { target }) };
  const plan = await forgetSnapshots(repository, policy, { ...scope, dryRun: true }, context);
  printer.lines(...forgetLines(plan));
  if (options.dryRun) {
    printer.lines("", "nothing was removed");
    printer.document(forgetDocument(repository.url, plan, { dryRun: true }));
    return undefined;
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
  printer.document(forgetDocument(repository.url, report, { dryRun: false }));
  return undefined;
}

/** Without a rule everything would go: that is never meant. */
export function readPolicy(options: Pick<ForgetOptions, keyof typeof rules>): RetentionPolicy {
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

function forgetDocument(
  repository: string,
  { keep, remove, draftsRemoved }: ForgetReport,
  { dryRun }: { readonly dryRun: boolean },
) {
  return {
    dryRun,
    repository,
    keep: keep.map(({ snapshot, reasons }) => ({ snapshot: snapshotDocument(snapshot), reasons })),
    remove: remove.map(snapshotDocument),
    draftsRemoved,
  };
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
