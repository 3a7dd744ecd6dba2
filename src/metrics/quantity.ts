import { isGoDuration, parseGoDuration } from "../api/duration.ts";
import { parseBytes } from "../kit/quantities.ts";

/** Amounts that statuses hold as text for people, as numbers; undefined when there is none or it is not one. */

/** `1.382 KiB`. */
export function bytesIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return parseBytes(text);
  } catch {
    return undefined;
  }
}

/** `1m12s`. */
export function secondsIn(text: string | undefined): number | undefined {
  return text !== undefined && isGoDuration(text) ? parseGoDuration(text) / 1000 : undefined;
}

/** `1:07`, `1:02:03`, as restic's and Stash's processing times. */
export function clockSecondsIn(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+(:\d\d){1,2}$/.test(text)) return secondsIn(text);
  return text.split(":").reduce((total, part) => total * 60 + Number(part), 0);
}

export function timeIn(text: string | null | undefined): Date | undefined {
  const time = new Date(text ?? "");
  return Number.isNaN(time.getTime()) ? undefined : time;
}
