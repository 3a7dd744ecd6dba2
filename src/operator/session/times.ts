import { formatGoDuration, isGoDuration, parseGoDuration } from "../../api/duration.ts";

/** The clock of a session. All pure. */

/** How long it took: Go's notation, whole seconds. */
export function sessionDuration(created: Date, now: Date): string {
  return formatGoDuration(Math.max(0, Math.round((now.getTime() - created.getTime()) / 1000)) * 1000);
}

/** undefined: it may take as long as it likes. A `timeOut` that is no duration never comes past the API server. */
export function deadlineOf(created: Date, timeOut: string | undefined): Date | undefined {
  const limitMs = durationOf(timeOut);
  return limitMs === undefined || limitMs <= 0 ? undefined : new Date(created.getTime() + limitMs);
}

/** Milliseconds; undefined when there is none or it cannot be read. */
export function durationOf(text: string | undefined): number | undefined {
  return text !== undefined && isGoDuration(text) ? parseGoDuration(text) : undefined;
}

/** As API servers write times. */
export function timeText(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

export function createdAt(
  { creationTimestamp }: { readonly creationTimestamp?: string | null | undefined },
  now: Date,
): Date {
  const time = Date.parse(creationTimestamp ?? "");
  return Number.isNaN(time) ? now : new Date(time);
}
