import { type Cron, nextRun } from "../../kit/cron.ts";
import { nextRunIn, utc, type Zone } from "./zone.ts";

/** Which slots of a schedule have been missed, as Kubernetes counts them. Pure. */

export interface Schedule {
  readonly cron: Cron;
  readonly zone: Zone;
}

export type Missed =
  | { readonly kind: "none"; readonly next: Date | undefined }
  /** `slot`: the newest. `isMany`: more than a hundred, roughly counted. */
  | { readonly kind: "some"; readonly slot: Date; readonly isMany: boolean }
  /** It never fires. */
  | { readonly kind: "never" };

const many = 100;

/** Of the slots after `since` up to `now`. */
export function missedSlots(schedule: Schedule, since: Date, now: Date): Missed {
  const first = next(schedule, since);
  if (first === undefined) return { kind: "never" };
  if (first > now) return { kind: "none", next: first };
  const second = next(schedule, first);
  if (second === undefined || second > now) return { kind: "some", slot: first, isMany: false };
  const step = second.getTime() - first.getTime();
  const elapsed = now.getTime() - first.getTime();
  return { kind: "some", slot: newest(schedule, first, now), isMany: Math.floor(elapsed / step) + 1 > many };
}

export function next({ cron, zone }: Schedule, after: Date): Date | undefined {
  return zone === utc ? nextRun(cron, after) : nextRunIn(cron, after, zone);
}

const minuteMs = 60_000;

/** The last one that is not after `now`; `first` is one. Looked for from ever longer before, so that a year of minutes takes no time. */
function newest(schedule: Schedule, first: Date, now: Date): Date {
  const { cron } = schedule;
  if (cron.kind === "every") {
    const count = Math.floor((now.getTime() - first.getTime()) / cron.everyMs);
    return new Date(first.getTime() + count * cron.everyMs);
  }
  for (let backMs = minuteMs; now.getTime() - backMs > first.getTime(); backMs *= 2) {
    const found = lastUpTo(schedule, new Date(now.getTime() - backMs), now);
    if (found !== undefined) return found;
  }
  return lastUpTo(schedule, first, now) ?? first;
}

function lastUpTo(schedule: Schedule, after: Date, now: Date): Date | undefined {
  let last: Date | undefined;
  for (let at = next(schedule, after); at !== undefined && at <= now; at = next(schedule, at)) last = at;
  return last;
}
