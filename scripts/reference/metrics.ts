import type { MetricEntry } from "../../src/metrics/entry.ts";
import { operatorMetrics, ownMetrics } from "../../src/metrics/own-metrics.ts";
import { base, stashMetrics } from "../../src/metrics/stash-metrics.ts";
import { table } from "./table.ts";

const introduction = `# Metrics

The operator serves its own at \`/metrics\`. Jobs end before anybody could ask them: what they and the sessions have to
say is pushed to a Pushgateway, one group for each BackupConfiguration or RestoreSession, \`job\` =
\`<kind in lower case>-<namespace>-<name>\`, for example \`backupconfiguration-demo-sample-nats-backup\`. Scrape the
Pushgateway with \`honor_labels: true\`. A push that fails is tried once more, then said in a condition; it fails no backup.

Where this page says *base labels* it means ${base.map((label) => `\`${label}\``).join(", ")}. Labels in brackets are
there when they have a value.
`;

const stash = `## Stash's

Names and labels are those of Stash, so its dashboards keep working; every series is there under both names. Cured:
a session that failed renews all its figures (a host that was not backed up counts zero bytes and files), so that none of an
older session stays; a restore says whether it succeeded; and a group goes with its BackupConfiguration.
`;

const own = `## Coldstream's

How safe it is, and what is in it. The phases of \`coldstream_backup_session_phase\` are Pending, Running, Succeeded, Failed,
Skipped and Unknown.
`;

const operator = "## Of the operator\n";

/** docs/reference/metrics.md. */
export function metricsPage(): string {
  return [introduction, stash, rows(stashMetrics), own, rows(ownMetrics), operator, rows(operatorMetrics)].join("\n");
}

function rows(metrics: Readonly<Record<string, MetricEntry>>): string {
  const entries = Object.entries(metrics);
  const lines = entries.map(([name, entry]) => [named(name, entry), entry.type, labels(entry), entry.help]);
  return table(["metric", "type", "labels", "what it says"], lines);
}

function named(name: string, { legacy }: MetricEntry): string {
  return legacy === undefined ? `\`${name}\`` : `\`${name}\`, \`${legacy}\``;
}

function labels({ labels, optional }: MetricEntry): string {
  const hasBase = base.every((label) => labels.includes(label));
  const others = hasBase ? labels.filter((label) => !base.some((each) => each === label)) : labels;
  const names = [...others.map((label) => `\`${label}\``), ...optional.map((label) => `[\`${label}\`]`)];
  return [...(hasBase ? ["base labels"] : []), ...names].join(", ");
}
