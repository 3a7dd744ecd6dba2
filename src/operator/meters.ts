import { type ProcessFigures, processSeries } from "../metrics/process.ts";
import type { Registry } from "../metrics/registry.ts";
import { type MetricsServer, startMetricsServer } from "../metrics/server.ts";
import { type Series, seriesOf } from "../metrics/table.ts";
import { configurationSeries, restoreSeries } from "./figures.ts";
import type { Running } from "./leadership.ts";

export interface MetersOptions {
  readonly registry: Registry;
  readonly clock: () => Date;
  /** Where /metrics, /livez and /readyz are served; undefined: nowhere. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly process: ProcessFigures;
  readonly version: string;
}

/** What the operator shows of itself. */
export interface Meters extends AsyncDisposable {
  readonly port: number | undefined;
  enter(state: OperatorState): void;
}

export type OperatorState =
  /** It does not lead. */
  | { readonly is: "resting" }
  /** It leads, but does not know everything yet. */
  | { readonly is: "leading" }
  | { readonly is: "running"; readonly running: Running };

export async function openMeters({ registry, listen, clock, version, ...options }: MetersOptions): Promise<Meters> {
  let state: OperatorState = { is: "resting" };
  const now = () => ({ version, now: clock() });
  const sources = [
    registry.collect(() => processSeries(options.process, now())),
    registry.collect(() => seriesOf("coldstream_leader", {}, state.is !== "resting")),
    registry.collect(() => (state.is === "running" ? runningSeries(state.running, clock()) : [])),
  ];
  let server: MetricsServer | undefined;
  if (listen !== undefined) {
    const whyNotReady = () => (state.is === "leading" ? "the objects of the cluster are not all read yet" : undefined);
    server = await startMetricsServer({ ...listen, text: () => registry.text(), whyNotReady });
  }
  return {
    port: server?.port,
    enter(next) {
      state = next;
    },
    async [Symbol.asyncDispose]() {
      for (const remove of sources) remove();
      await server?.[Symbol.asyncDispose]();
    },
  };
}

function runningSeries({ caches, queues }: Running, now: Date): readonly Series[] {
  return [
    ...configurationSeries(caches.caches, now),
    ...restoreSeries(caches.caches),
    ...Object.entries(queues()).flatMap(([kind, counts]) => [
      ...seriesOf("coldstream_queue_depth", { kind }, counts.waiting),
      ...seriesOf("coldstream_queue_running", { kind }, counts.running),
      ...seriesOf("coldstream_queue_delayed", { kind }, counts.delayed),
      ...seriesOf("coldstream_queue_oldest_seconds", { kind }, counts.waiting === 0 ? 0 : counts.oldestMs / 1000),
      ...seriesOf("coldstream_reconciles_total", { kind }, counts.done),
      ...seriesOf("coldstream_reconcile_errors_total", { kind }, counts.failures),
    ]),
    ...Object.entries(caches.counts()).flatMap(([kind, { objects, lists, restarts }]) => [
      ...seriesOf("coldstream_watch_objects", { kind }, objects),
      ...seriesOf("coldstream_watch_lists_total", { kind }, lists),
      ...seriesOf("coldstream_watch_restarts_total", { kind }, restarts),
    ]),
  ];
}
