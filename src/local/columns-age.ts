import type { JsonValue } from "./json.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** How long ago `time` (RFC 3339) was. */
export function age(time: JsonValue | undefined, now: number): string {
  if (typeof time !== "string" || time === "") return "<unknown>";
  const then = Date.parse(time);
  return Number.isNaN(then) ? "<invalid>" : humanDuration(now - then);
}

/** As kubectl's users know it: `5s`, `2m3s`, `3h`, `4d2h` (apimachinery's duration.HumanDuration). */
export function humanDuration(ms: number): string {
  // clocks may differ by almost 2 s
  if (ms <= -2 * second) return "<invalid>";
  if (ms < 0) return "0s";
  if (ms < 2 * minute) return whole(ms, second, "s");
  if (ms < 10 * minute) return whole(ms, minute, "m") + rest(ms % minute, second, "s");
  if (ms < 3 * hour) return whole(ms, minute, "m");
  if (ms < 8 * hour) return whole(ms, hour, "h") + rest(ms % hour, minute, "m");
  if (ms < 2 * day) return whole(ms, hour, "h");
  if (ms < 8 * day) return whole(ms, day, "d") + rest(ms % day, hour, "h");
  if (ms < 2 * year) return whole(ms, day, "d");
  if (ms < 8 * year) return whole(ms, year, "y") + rest(ms % year, day, "d");
  return whole(ms, year, "y");
}

function whole(ms: number, unit: number, sign: string): string {
  return `${Math.floor(ms / unit)}${sign}`;
}

function rest(ms: number, unit: number, sign: string): string {
  return ms < unit ? "" : whole(ms, unit, sign);
}
