import type { MetricEntry } from "./entry.ts";
import { exposition } from "./exposition.ts";
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  labelsOf,
  metricTable,
  type Series,
} from "./table.ts";

/** The figures of one process, for its /metrics. */
export interface Registry {
  /** To a counter: 1 unless given. */
  add<N extends CounterName>(name: N, labels: LabelsOf<NoInfer<N>>, amount?: number): void;
  set<N extends GaugeName>(name: N, labels: LabelsOf<NoInfer<N>>, value: number | boolean): void;
  observe<N extends HistogramName>(name: N, labels: LabelsOf<NoInfer<N>>, value: number): void;
  /** Series that are made when they are asked for. Gives a function that takes the source away again. */
  collect(source: () => readonly Series[]): () => void;
  series(): readonly Series[];
  /** In Prometheus' text format. */
  text(): string;
}

export function openRegistry(): Registry {
  const values = new Map<string, { -readonly [F in keyof Series]: Series[F] }>();
  const histograms = new Map<string, Histogram>();
  const sources = new Set<() => readonly Series[]>();
  function slot(name: string, labels: Readonly<Record<string, string>>) {
    const key = JSON.stringify([name, labels]);
    const found = values.get(key) ?? { name, labels, value: 0 };
    values.set(key, found);
    return found;
  }
  function series(): readonly Series[] {
    const collected = [...sources].flatMap((source) => [...source()]);
    const copies = [...values.values()].map((one) => ({ ...one }));
    return [...copies, ...[...histograms.values()].flatMap(histogramSeries), ...collected];
  }
  return {
    add(name, labels, amount = 1) {
      slot(name, labelsOf(name, labels)).value += amount;
    },
    set(name, labels, value) {
      slot(name, labelsOf(name, labels)).value = Number(value);
    },
    observe(name, labels, value) {
      const said = labelsOf(name, labels);
      const key = JSON.stringify([name, said]);
      const histogram = histograms.get(key) ?? emptyHistogram(name, said);
      histograms.set(key, histogram);
      observe(histogram, value);
    },
    collect(source) {
      sources.add(source);
      return () => void sources.delete(source);
    },
    series,
    text: () => exposition(series()),
  };
}

interface Histogram {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly bounds: readonly number[];
  /** Values up to each bound, those up to smaller ones not counted; the last is for all beyond. */
  readonly counts: number[];
  sum: number;
}

function emptyHistogram(name: HistogramName, labels: Readonly<Record<string, string>>): Histogram {
  const { buckets: bounds }: MetricEntry = metricTable[name];
  return { name, labels, bounds, counts: [...bounds, Number.POSITIVE_INFINITY].map(() => 0), sum: 0 };
}

function observe(histogram: Histogram, value: number): void {
  const { bounds, counts } = histogram;
  const found = bounds.findIndex((bound) => value <= bound);
  const index = found === -1 ? bounds.length : found;
  counts[index] = (counts[index] ?? 0) + 1;
  histogram.sum += value;
}

function histogramSeries({ name, labels, bounds, counts, sum }: Histogram): readonly Series[] {
  let total = 0;
  const buckets = counts.map((count, index): Series => {
    total += count;
    const bound = bounds[index];
    return {
      name,
      suffix: "_bucket",
      labels: { ...labels, le: bound === undefined ? "+Inf" : String(bound) },
      value: total,
    };
  });
  return [...buckets, { name, suffix: "_sum", labels, value: sum }, { name, suffix: "_count", labels, value: total }];
}
