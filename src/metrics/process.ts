import { type Series, seriesOf } from "./table.ts";

/** What `processSeries` needs of `process`. */
export interface ProcessFigures {
  uptime(): number;
  /** Microseconds. */
  cpuUsage(): { readonly user: number; readonly system: number };
  readonly memoryUsage: { rss(): number };
  readonly versions: { readonly node: string };
}

/** What every program is asked for, and which one this is. */
export function processSeries(
  from: ProcessFigures,
  { version, now }: { readonly version: string; readonly now: Date },
): readonly Series[] {
  const { user, system } = from.cpuUsage();
  return [
    ...seriesOf("coldstream_build_info", { version, node: from.versions.node }, 1),
    ...seriesOf("process_start_time_seconds", {}, new Date(now.getTime() - from.uptime() * 1000)),
    ...seriesOf("process_cpu_seconds_total", {}, (user + system) / 1e6),
    ...seriesOf("process_resident_memory_bytes", {}, from.memoryUsage.rss()),
  ];
}
