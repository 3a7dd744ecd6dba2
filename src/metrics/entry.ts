/** What is known of one metric, whoever reports it. */
export interface MetricEntry {
  readonly type: "gauge" | "counter" | "histogram";
  /** For people; no full stop. */
  readonly help: string;
  /** Every series has exactly these. */
  readonly labels: readonly string[];
  /** And these when there is something to say. */
  readonly optional: readonly string[];
  /** The older name under which the same is exported. */
  readonly legacy: string | undefined;
  /** Upper bounds of a histogram. */
  readonly buckets: readonly number[];
}

interface Extra<O extends readonly string[] = readonly []> {
  readonly optional?: O;
  readonly legacy?: string;
}

type Entry<T, L, O> = MetricEntry & { readonly type: T; readonly labels: L; readonly optional: O };

export function gauge<const L extends readonly string[], const O extends readonly string[] = readonly []>(
  help: string,
  labels: L,
  extra: Extra<O> = {},
): Entry<"gauge", L, O> {
  // absent it is the empty list of its default type
  const optional = extra.optional ?? ([] as readonly string[] as O);
  return { type: "gauge", help, labels, optional, legacy: extra.legacy, buckets: [] };
}

export function counter<const L extends readonly string[]>(help: string, labels: L): Entry<"counter", L, readonly []> {
  return { type: "counter", help, labels, optional: [], legacy: undefined, buckets: [] };
}

export function histogram<const L extends readonly string[]>(
  help: string,
  labels: L,
  buckets: readonly number[],
): Entry<"histogram", L, readonly []> {
  return { type: "histogram", help, labels, optional: [], legacy: undefined, buckets };
}
