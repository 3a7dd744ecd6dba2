import { exportedMetrics, type Series } from "./table.ts";

/** The content type of `exposition`. */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Prometheus' text format: series of one name together, with type and help, in the table's order. Of two series that differ
 * in their value alone the last one counts (a Pushgateway refuses both). Throws TypeError for a name that is not in the table.
 */
export function exposition(series: readonly Series[]): string {
  const metrics = exportedMetrics();
  const unknown = series.find(({ name }) => !metrics.has(name));
  if (unknown !== undefined) throw new TypeError(`no metric ${unknown.name} in src/metrics/table.ts`);
  const byName = Map.groupBy(series, ({ name }) => name);
  return [...metrics]
    .flatMap(([name, { type, help }]) => {
      const own = byName.get(name);
      if (own === undefined) return [];
      return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...samples(own)];
    })
    .map((line) => `${line}\n`)
    .join("");
}

function samples(series: readonly Series[]): readonly string[] {
  const lines = new Map(series.map((one) => [nameAndLabels(one), one.value]));
  return [...lines].map(([head, value]) => `${head} ${formatValue(value)}`);
}

function nameAndLabels({ name, suffix, labels }: Series): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeValue(value)}"`);
  return `${name}${suffix ?? ""}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`}`;
}

function escapeValue(text: string): string {
  return text.toWellFormed().replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
