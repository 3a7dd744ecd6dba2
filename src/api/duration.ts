import { z } from "zod";
import { withRule } from "./rule.ts";

/** Durations as Go writes and reads them (`1h30m`, `42s`, `1.5s`); there are no days. Our own options use kit/quantities. */

const nanoseconds: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  // U+00B5 and U+03BC: both are in use.
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const part = String.raw`([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)`;
const grammar = `^[-+]?(0|(${part})+)$`;
const most = 2n ** 63n;

export function isGoDuration(text: string): boolean {
  return toNanoseconds(text) !== undefined;
}

/** Milliseconds, with a fraction when the text has one. Throws RangeError. */
export function parseGoDuration(text: string): number {
  const total = toNanoseconds(text);
  if (total === undefined) throw new RangeError(`not a duration: ${text}`);
  // In two parts: years of nanoseconds are more than a number counts exactly.
  return Number(total / 1_000_000n) + Number(total % 1_000_000n) / 1e6;
}

function toNanoseconds(text: string): bigint | undefined {
  if (!new RegExp(grammar).test(text)) return undefined;
  let total = 0n;
  for (const [, amount = "", , unit = ""] of text.matchAll(new RegExp(part, "g"))) {
    const [before = "", after = ""] = amount.split(".");
    const scale = nanoseconds[unit] ?? 0n;
    // Go drops what is below a nanosecond.
    total += BigInt(before || "0") * scale + (BigInt(after || "0") * scale) / 10n ** BigInt(after.length);
  }
  const signed = text.startsWith("-") ? -total : total;
  return signed < -most || signed >= most ? undefined : signed;
}

/** `0s`, `350ms`, `42s`, `1m12s`, `2h0m5.25s`. Rounded to a nanosecond. */
export function formatGoDuration(milliseconds: number): string {
  const whole = Math.trunc(Math.abs(milliseconds));
  const total = BigInt(whole) * 1_000_000n + BigInt(Math.round((Math.abs(milliseconds) - whole) * 1e6));
  if (total === 0n) return "0s";
  return `${milliseconds < 0 ? "-" : ""}${total < 1_000_000_000n ? small(total) : large(total)}`;
}

function small(total: bigint): string {
  if (total < 1000n) return `${total}ns`;
  return total < 1_000_000n ? `${decimal(total, 3)}µs` : `${decimal(total, 6)}ms`;
}

function large(total: bigint): string {
  const minute = 60_000_000_000n;
  const [hours, minutes] = [total / (60n * minute), (total / minute) % 60n];
  const seconds = `${decimal(total % minute, 9)}s`;
  if (hours > 0n) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${minutes}m${seconds}` : seconds;
}

/** `total` with its last `digits` behind the point, without zeros at the end. */
function decimal(total: bigint, digits: number): string {
  const text = total.toString().padStart(digits + 1, "0");
  const fraction = text.slice(-digits).replace(/0+$/, "");
  return fraction === "" ? text.slice(0, -digits) : `${text.slice(0, -digits)}.${fraction}`;
}

/** A duration in a document. Stash takes any text here and then stops at it; we say so when it is applied. */
export const GoDuration = withRule(z.string().max(64), {
  rule: `self.matches('${grammar.replaceAll("\\", "\\\\")}')`,
  message: "must be a duration such as 90s, 30m or 2h45m (there are no days)",
  holds: isGoDuration,
});
