import type { MetricEntry } from "./entry.ts";
import { operatorMetrics, ownMetrics } from "./own-metrics.ts";
import { stashMetrics } from "./stash-metrics.ts";

/** Every metric there is. docs/reference/metrics.md is made from it, and a test holds its names: dashboards use them. */
export const metricTable = { ...stashMetrics, ...ownMetrics, ...operatorMetrics } as const;

export type MetricName = keyof typeof metricTable;
type NameOf<T extends MetricEntry["type"]> = {
  [N in MetricName]: (typeof metricTable)[N]["type"] extends T ? N : never;
}[MetricName];
export type GaugeName = NameOf<"gauge">;
export type CounterName = NameOf<"counter">;
export type HistogramName = NameOf<"histogram">;

export type LabelsOf<N extends MetricName> = {
  readonly [L in (typeof metricTable)[N]["labels"][number]]: string;
} & { readonly [L in (typeof metricTable)[N]["optional"][number]]?: string | undefined };

/** One value of one metric. */
export interface Series {
  /** As exported: a name of the table, or its older name. */
  readonly name: string;
  /** Behind the name, for a histogram's parts. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A value under the metric's name, and under its older one if it has one. Nothing when there is no value. */
export function seriesOf<N extends GaugeName | CounterName>(
  name: N,
  labels: LabelsOf<NoInfer<N>>,
  value: number | boolean | Date | undefined,
): readonly Series[] {
  const number = numberOf(value);
  if (number === undefined) return [];
  const { legacy }: MetricEntry = metricTable[name];
  const said = labelsOf(name, labels);
  const one = { name, labels: said, value: number };
  return legacy === undefined ? [one] : [one, { ...one, name: legacy }];
}

/** Those of the table, in its order; optional ones that are empty are left out, and whatever else `labels` holds. */
export function labelsOf<N extends MetricName>(name: N, labels: LabelsOf<N>): Readonly<Record<string, string>> {
  const entry: MetricEntry = metricTable[name];
  const given: Readonly<Record<string, string | undefined>> = labels;
  const fixed = entry.labels.map((label) => [label, given[label] ?? ""] as const);
  const optional = entry.optional.flatMap((label) => (given[label] ? [[label, given[label]] as const] : []));
  return Object.fromEntries([...fixed, ...optional]);
}

function numberOf(value: number | boolean | Date | undefined): number | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.getTime() / 1000;
  return typeof value === "boolean" ? Number(value) : value;
}

/** Type and help by every name under which something is exported. */
export function exportedMetrics(): ReadonlyMap<string, MetricEntry> {
  const entries = Object.entries<MetricEntry>(metricTable);
  return new Map([
    ...entries,
    ...entries.flatMap(([, entry]) => (entry.legacy === undefined ? [] : [[entry.legacy, entry] as const])),
  ]);
}
