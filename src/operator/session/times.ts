import { formatGoDuration, isGoDuration, parseGoDuration } from "../../api/duration.ts";

/** The clock of a session. All pure. */

/** How long it took: Go's notation, whole seconds. */
export function sessionDuration(created: Date, now: Date): string {
  return formatGoDuration(Math.max(0, Math.round((now.getTime() - created.getTime()) / 1000)) * 1000);
}

/** Of a session without `timeOut`. Nobody waits longer for a backup; a program that hangs must not block all later ones. */
export const defaultTimeOut = "72h";

/** When a session is given up. A `timeOut` that is no duration, or none, counts as the default. */
export function deadlineOf(created: Date, timeOut: string | undefined): Date {
  const limitMs = durationOf(timeOut) ?? 0;
  return new Date(created.getTime() + (limitMs > 0 ? limitMs : parseGoDuration(defaultTimeOut)));
}

/** Milliseconds; undefined when there is none or it cannot be read. */
export function durationOf(text: string | undefined): number | undefined {
  return text !== undefined && isGoDuration(text) ? parseGoDuration(text) : undefined;
}

export function createdAt(
  { creationTimestamp }: { readonly creationTimestamp?: string | null | undefined },
  now: Date,
): Date {
  const time = Date.parse(creationTimestamp ?? "");
  return Number.isNaN(time) ? now : new Date(time);
}

/** When something is written into a session's status, and when the session was created. */
export interface Moment {
  readonly created: Date;
  readonly now: Date;
}
