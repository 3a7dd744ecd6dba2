import { Failure } from "./failures.ts";

/** Amounts as people write and read them: bytes (IEC), durations, times, counts. */

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  K: 2 ** 10,
  KIB: 2 ** 10,
  KB: 1e3,
  M: 2 ** 20,
  MIB: 2 ** 20,
  MB: 1e6,
  G: 2 ** 30,
  GIB: 2 ** 30,
  GB: 1e9,
  T: 2 ** 40,
  TIB: 2 ** 40,
  TB: 1e12,
  P: 2 ** 50,
  PIB: 2 ** 50,
  PB: 1e15,
};

/** `512`, `64MiB`, `10M` (IEC like restic), `2GB` (decimal). Throws `usage`. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = byteUnits[(match?.[2] ?? "").toUpperCase()];
  const bytes = match === null || unit === undefined ? Number.NaN : Math.round(Number(match[1]) * unit);
  if (!Number.isSafeInteger(bytes)) {
    throw new Failure("usage", `${JSON.stringify(text)} is not a size`, { hint: "sizes look like 512, 64MiB or 2GB" });
  }
  return bytes;
}

const iecUnits = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;

/** As restic writes it: `0 B`, `1023 B`, `1.500 KiB`, `22.318 GiB`. */
export function formatBytes(bytes: number | bigint): string {
  let value = Number(bytes);
  if (Math.abs(value) < 1024) return `${Math.round(value)} B`;
  let unit = -1;
  do {
    value /= 1024;
    unit += 1;
  } while (Math.abs(value) >= 1024 && unit < iecUnits.length - 1);
  return `${value.toFixed(3)} ${iecUnits[unit]}`;
}

/** Megabytes (10^6) a second, for progress. */
export function formatRate(bytesPerSecond: number): string {
  const megabytes = bytesPerSecond / 1e6;
  return `${megabytes.toFixed(megabytes < 10 ? 1 : 0)} MB/s`;
}

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `500ms`, `5s`, `1h30m`, `2d` in milliseconds. A number without a unit is refused. Throws `usage`. */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/.test(trimmed)) {
    throw new Failure("usage", `${JSON.stringify(text)} is not a duration`, {
      hint: "durations look like 500ms, 5s, 1h30m or 2d",
    });
  }
  let milliseconds = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
    milliseconds += Number(amount) * (durationUnits[unit ?? ""] ?? Number.NaN);
  }
  return Math.round(milliseconds);
}

/** `430 ms`, `2.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`;
  if (milliseconds < 9950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return twoUnits(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return twoUnits(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return twoUnits(Math.floor(hours / 24), "d", hours % 24, "h");
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** RFC 3339, UTC, whole seconds: `2026-11-21T03:00:00Z`. */
export function formatTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

/** As Leases hold them, which take six digits and no fewer. */
export function formatMicroTime(time: Date): string {
  return time.toISOString().replace("Z", "000Z");
}

/** `1,234,567`, the same on every machine. */
export function formatCount(count: number | bigint): string {
  return String(count).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** `1 stream`, `2 streams`, `1,000 messages`. */
export function counted(count: number | bigint, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${BigInt(count) === 1n ? singular : plural}`;
}
