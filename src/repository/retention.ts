import { Failure } from "../kit/failures.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * Which snapshots stay: the rules of `restic forget`, with hours, days, weeks (ISO) and so on in UTC, and with a clock given from outside.
 * retention.test.ts compares it with restic itself. Counts: 0 and absent mean no such rule, -1 all.
 */
export interface RetentionPolicy {
  readonly keepLast?: number | undefined;
  readonly keepHourly?: number | undefined;
  readonly keepDaily?: number | undefined;
  readonly keepWeekly?: number | undefined;
  readonly keepMonthly?: number | undefined;
  readonly keepYearly?: number | undefined;
  /** Each is a tag, or several joined by commas that must all be there. */
  readonly keepTags?: readonly string[] | undefined;
  /** All that are younger than this, counted back from the newest snapshot: "2y5m7d3h". */
  readonly keepWithin?: string | undefined;
  readonly keepWithinHourly?: string | undefined;
  readonly keepWithinDaily?: string | undefined;
  readonly keepWithinWeekly?: string | undefined;
  readonly keepWithinMonthly?: string | undefined;
  readonly keepWithinYearly?: string | undefined;
}

type Candidate = Pick<Snapshot, "time" | "tags">;

export interface Retention<S> {
  /** Newest first. */
  readonly keep: readonly { readonly snapshot: S; readonly reasons: readonly string[] }[];
  /** Newest first. */
  readonly remove: readonly S[];
}

/**
 * Decides about the snapshots of one scope. A policy without any rule keeps everything. `now`: snapshots from the future do not count as
 * the newest that "within" is counted back from.
 */
export function decideRetention<S extends Candidate>(
  snapshots: readonly S[],
  policy: RetentionPolicy,
  { now }: { readonly now?: Date } = {},
): Retention<S> {
  const newestFirst = snapshots.toReversed().sort((a, b) => b.time.getTime() - a.time.getTime());
  const newest = newestFirst.find(({ time }) => now === undefined || time < now)?.time;
  const rules = rulesOf(policy, newest);
  if (rules.length === 0) {
    return { keep: newestFirst.map((snapshot) => ({ snapshot, reasons: ["policy is empty"] })), remove: [] };
  }
  const keep: { snapshot: S; reasons: readonly string[] }[] = [];
  const remove: S[] = [];
  for (const [index, snapshot] of newestFirst.entries()) {
    const place = { index, isOldest: index === newestFirst.length - 1 };
    const reasons = rules.flatMap((rule) => rule(snapshot, place) ?? []);
    if (reasons.length > 0) keep.push({ snapshot, reasons });
    else remove.push(snapshot);
  }
  return { keep, remove };
}

interface Position {
  readonly index: number;
  readonly isOldest: boolean;
}

/** Says why a snapshot stays, or undefined. Asked once for each snapshot, newest first: rules count. */
type Rule = (snapshot: Candidate, position: Position) => string | undefined;

const periods = [
  ["Last", "last snapshot", undefined],
  ["Hourly", "hourly snapshot", (time: Date) => time.toISOString().slice(0, 13)],
  ["Daily", "daily snapshot", (time: Date) => time.toISOString().slice(0, 10)],
  ["Weekly", "weekly snapshot", isoWeek],
  ["Monthly", "monthly snapshot", (time: Date) => time.toISOString().slice(0, 7)],
  ["Yearly", "yearly snapshot", (time: Date) => time.toISOString().slice(0, 4)],
] as const;

function rulesOf(policy: RetentionPolicy, newest: Date | undefined): Rule[] {
  const tags = (policy.keepTags ?? []).filter((tag) => tag !== "").map(tagRule);
  const counted = periods.flatMap(([name, reason, period]) => {
    const count = policy[`keep${name}`] ?? 0;
    return count === 0 ? [] : [countRule(count, reason, period)];
  });
  const within = policy.keepWithin ? [withinRule(policy.keepWithin, newest)] : [];
  const periodsWithin = periods.flatMap(([name, reason, period]) => {
    const span = name === "Last" ? undefined : policy[`keepWithin${name}`];
    if (!span || period === undefined) return [];
    return [periodWithinRule(span, newest, { reason: reason.replace(" snapshot", " within"), period })];
  });
  return [...tags, ...within, ...counted, ...periodsWithin];
}

function tagRule(list: string): Rule {
  const wanted = list.split(",").map((tag) => tag.trim());
  return ({ tags }) => (wanted.every((tag) => tags.includes(tag)) ? `has tags [${wanted.join(", ")}]` : undefined);
}

/**
 * The newest snapshot of each of the last `count` periods that have one. While counts are left, the oldest snapshot of all stays too: it
 * makes the history as long as it can be.
 */
function countRule(count: number, reason: string, period: ((time: Date) => string) | undefined): Rule {
  if (!Number.isInteger(count) || count < -1) {
    throw new Failure("configuration-invalid", `a policy cannot keep ${count} snapshots`);
  }
  let left = count;
  let last: string | undefined;
  return ({ time }, { index, isOldest }) => {
    if (left === 0) return undefined;
    const current = period === undefined ? String(index) : period(time);
    if (current === last && !isOldest) return undefined;
    const isFirst = current !== last;
    last = current;
    if (left > 0) left -= 1;
    return isFirst ? reason : `oldest ${reason}`;
  };
}

function withinRule(span: string, newest: Date | undefined): Rule {
  const start = before(newest, span);
  return ({ time }) => (time > start ? `within ${span}` : undefined);
}

function periodWithinRule(
  span: string,
  newest: Date | undefined,
  { reason, period }: { readonly reason: string; readonly period: (time: Date) => string },
): Rule {
  const start = before(newest, span);
  let last: string | undefined;
  return ({ time }, { isOldest }) => {
    if (time <= start) return undefined;
    const current = period(time);
    if (current === last && !isOldest) return undefined;
    const isFirst = current !== last;
    last = current;
    return isFirst ? `${reason} ${span}` : `oldest ${reason} ${span}`;
  };
}

/** A calendar span before a time: 31 March less one month is 3 March (or 2), as in Go's AddDate. */
function before(time: Date | undefined, span: string): Date {
  const { y = 0, m = 0, d = 0, h = 0 } = parseSpan(span);
  if (time === undefined) return new Date(-8.64e15);
  const start = new Date(time);
  start.setUTCFullYear(time.getUTCFullYear() - y, time.getUTCMonth() - m, time.getUTCDate() - d);
  return new Date(start.getTime() - h * 3_600_000);
}

/** Years, months, days and hours as in restic's durations: "2y5m7d3h", in any order. Throws `configuration-invalid`. */
export function parseSpan(span: string): { readonly [unit in "y" | "m" | "d" | "h"]?: number } {
  if (!/^(?:\d+[ymdh])+$/.test(span)) {
    throw new Failure(
      "configuration-invalid",
      `${JSON.stringify(span)} is no duration of years, months, days and hours`,
      {
        hint: "write it like 2y5m7d3h",
      },
    );
  }
  return Object.fromEntries([...span.matchAll(/(\d+)([ymdh])/g)].map(([, number, unit]) => [unit, Number(number)]));
}

/** ISO 8601: the week belongs to the year that its Thursday lies in. */
function isoWeek(time: Date): string {
  const thursday = new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()));
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  const year = thursday.getUTCFullYear();
  const week = Math.ceil(((thursday.getTime() - Date.UTC(year, 0, 1)) / 86_400_000 + 1) / 7);
  return `${year}-W${week}`;
}
