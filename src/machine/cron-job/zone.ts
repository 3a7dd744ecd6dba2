import { type Cron, nextRun } from "../../kit/cron.ts";

/** A zone of the tz database: what clocks on the wall show there. */
export interface Zone {
  readonly name: string;
  /** Milliseconds that clocks there are ahead of UTC at that moment. */
  offsetMs(at: Date): number;
}

export const utc: Zone = { name: "Etc/UTC", offsetMs: () => 0 };

/** undefined where there is no such zone. */
export function openZone(name: string): Zone | undefined {
  const format = formatOf(name);
  if (format === undefined) return undefined;
  return {
    name,
    offsetMs(at) {
      const fields = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
      const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
      return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at.getTime() / 1000) * 1000;
    },
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  // a number is no name of the tz database, though Intl takes it
  if (/^[+-]/.test(timeZone)) return undefined;
  try {
    return new Intl.DateTimeFormat("en-US", {
      ...{ timeZone, hourCycle: "h23", era: undefined },
      ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
    });
  } catch {
    return undefined;
  }
}

const hourMs = 3_600_000;
/** Clocks are set back by an hour; this is more than was ever done. */
const mostSetBackMs = 26 * hourMs;

/**
 * The first time after `after` at which clocks in `zone` show what the schedule says. An hour that is left out in spring has no
 * runs; one that comes twice in autumn has them twice (so does Kubernetes).
 */
export function nextRunIn(schedule: Cron, after: Date, zone: Zone): Date | undefined {
  if (schedule.kind === "every" || zone === utc) return nextRun(schedule, after);
  const offset = zone.offsetMs(after);
  const setBack = Math.max(0, offset - zone.offsetMs(new Date(after.getTime() + mostSetBackMs)));
  let best = Number.POSITIVE_INFINITY;
  for (
    let wall = nextRun(schedule, new Date(after.getTime() + offset - setBack));
    // what clocks show later can come earlier only where they are set back in between
    wall !== undefined && earliestOf(wall, zone) < best;
    wall = nextRun(schedule, wall)
  ) {
    const found = momentsOf(wall, zone).filter((moment) => moment > after.getTime());
    best = Math.min(best, ...found);
  }
  return Number.isFinite(best) ? new Date(best) : undefined;
}

/** When clocks show this (written as if it were UTC): once, twice, or never. */
function momentsOf(wall: Date, zone: Zone): readonly number[] {
  const moments = guessesOf(wall, zone);
  return [...new Set(moments)].filter((moment) => moment + zone.offsetMs(new Date(moment)) === wall.getTime());
}

/** Not later than when clocks show this for the first time. */
function earliestOf(wall: Date, zone: Zone): number {
  return Math.min(...guessesOf(wall, zone));
}

function guessesOf(wall: Date, zone: Zone): readonly number[] {
  const around = [-mostSetBackMs, mostSetBackMs].map((ms) => zone.offsetMs(new Date(wall.getTime() + ms)));
  return around.map((offset) => wall.getTime() - offset);
}
