import { Failure } from "../../kit/failures.ts";
import { counted, formatDuration } from "../../kit/quantities.ts";
import { cronJobs } from "../../kube/core.ts";
import { resourceOf } from "../../kube/resource.ts";
import { openDesk } from "../cluster-desk.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { StatusOptions } from "../commands/status.ts";
import { isOf, newestFirst } from "../invoker.ts";
import { formatTable } from "../table.ts";
import { visible, visibleSentence } from "../visible.ts";
import { type WellBeing, wellBeingOf } from "../well-being.ts";

export async function showStatus(
  context: CommandContext,
  options: StatusOptions,
  names: readonly string[],
): Promise<Outcome> {
  const { printer } = context;
  await using desk = openDesk(context, options);
  const where = { namespace: options.allNamespaces ? undefined : desk.namespace };
  const [configurations, sessions, repositories, crons] = await Promise.all([
    desk.cluster.list(resourceOf("BackupConfiguration"), where, desk),
    desk.cluster.list(resourceOf("BackupSession"), where, desk),
    // a Repository may be in another namespace, and may not be seen there
    desk.cluster
      .list(resourceOf("Repository"), {}, desk)
      .catch(() => desk.cluster.list(resourceOf("Repository"), where, desk)),
    desk.cluster.list(cronJobs, where, desk).catch(() => ({ items: [] })),
  ]);
  const now = new Date();
  const wanted = configurations.items.filter(
    ({ metadata }) => names.length === 0 || names.includes(metadata.name ?? ""),
  );
  const all = wanted.map((configuration) => {
    const { metadata, spec } = configuration;
    const { name = "", namespace = "" } = metadata;
    const place = spec.repository?.namespace || namespace;
    const own = sessions.items.filter((each) => each.metadata.namespace === namespace && isOf(each.spec.invoker, name));
    const repository = repositories.items.find(
      (each) => each.metadata.name === spec.repository?.name && each.metadata.namespace === place,
    );
    const cronJob = crons.items.find(({ metadata: { ownerReferences } }) =>
      ownerReferences?.some(({ uid }) => uid === metadata.uid),
    );
    return wellBeingOf({ configuration, sessions: newestFirst(own), repository, cronJob }, now);
  });
  const missing = names.filter((name) => wanted.every(({ metadata }) => metadata.name !== name));
  if (missing.length > 0) {
    throw new Failure(
      "object-not-found",
      `there is no BackupConfiguration ${missing.join(", ")} in ${desk.namespace}`,
      {
        hint: "-n names another namespace, -A looks in all",
      },
    );
  }
  printer.document({ configurations: all, isWell: all.every(({ problems }) => problems.length === 0) });
  if (all.length === 0)
    printer.note(
      options.allNamespaces
        ? "there are no BackupConfigurations"
        : `there are no BackupConfigurations in namespace ${visible(desk.namespace)}; -A looks in all`,
    );
  else printer.lines(...tableLines(all, now));
  return conclude(all);
}

function tableLines(all: readonly WellBeing[], now: Date): string[] {
  const isMixed = new Set(all.map(({ namespace }) => namespace)).size > 1;
  const rows = all.map((one) => {
    const { repository, lastSession, lastSuccess } = one;
    return [
      isMixed ? `${one.namespace}/${one.name}` : one.name,
      one.paused ? "paused" : (one.phase ?? "unknown"),
      lastSession === null ? "none" : lastSession.phase,
      lastSuccess === null ? "never" : `${formatDuration(now.getTime() - lastSuccess.getTime())} ago`,
      nextText(one, now),
      repository === null ? "missing" : repository.name,
      integrityOf(one),
      one.proof ?? "-",
    ].map(visible);
  });
  const titles = ["CONFIGURATION", "PHASE", "LAST RUN", "LAST SUCCESS", "NEXT RUN", "REPOSITORY", "INTEGRITY", "PROOF"];
  const lines = formatTable(
    titles.map((title) => ({ title })),
    rows,
  );
  const problems = all.flatMap(({ namespace, name, problems: own }) =>
    own.map(({ what }) => `${visible(namespace)}/${visible(name)}: ${visibleSentence(firstLine(what))}`),
  );
  return problems.length === 0 ? lines : [...lines, "", ...problems];
}

function nextText({ nextRun, overdueSince }: WellBeing, now: Date): string {
  if (overdueSince !== null) return `overdue for ${formatDuration(now.getTime() - overdueSince.getTime())}`;
  return nextRun === null ? "-" : `in ${formatDuration(nextRun.getTime() - now.getTime())}`;
}

function integrityOf({ repository }: WellBeing): string {
  if (repository === null || repository.integrity === null) return "-";
  return repository.integrity ? "whole" : "damaged";
}

/** Damage first: it cannot be mended by waiting. */
function conclude(all: readonly WellBeing[]): Outcome {
  const problems = all.flatMap((one) => one.problems.map((problem) => ({ ...problem, one })));
  const worst = problems.find(({ code }) => code === "damaged" || code === "not-proven") ?? problems[0];
  if (worst === undefined) return undefined;
  const many = counted(all.filter((one) => one.problems.length > 0).length, "configuration");
  const { namespace, name } = worst.one;
  return new Failure(worst.code, `something is wrong with ${many} of ${all.length}`, {
    hint: `see: coldstream describe bc ${name} -n ${namespace}`,
  });
}

/** A reason may end with a log; `describe` shows it whole. */
function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.replace(/; the end of its log:$/, "") ?? "";
}
