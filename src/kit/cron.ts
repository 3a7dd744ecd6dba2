import { Failure } from "./failures.ts";
import { counted } from "./quantities.ts";

/**
 * Schedules as a Kubernetes CronJob takes them (robfig/cron's standard grammar): what it takes is taken, what it refuses is
 * refused, with a reason. Times are UTC.
 */
export type Cron =
  | { readonly kind: "every"; readonly everyMs: number }
  | {
      readonly kind: "fields";
      readonly minute: Field;
      readonly hour: Field;
      readonly day: Field;
      readonly month: Field;
      readonly weekday: Field;
    };

interface Field {
  readonly values: ReadonlySet<number>;
  /** Whether `*` or `?` is in it: then the other of the two day fields alone decides. */
  readonly isOpen: boolean;
}

interface Bounds {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly words: readonly string[];
  readonly said: string;
}

function bounds(name: string, [least, most]: readonly [number, number], words: readonly string[] = []): Bounds {
  return { name, least, most, words, said: `${name}s go from ${least} to ${most}` };
}

const monthWords = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdayWords = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const minutes = bounds("minute", [0, 59]);
const hours = bounds("hour", [0, 23]);
const days = { ...bounds("day of the month", [1, 31]), said: "days of the month go from 1 to 31" };
const months = bounds("month", [1, 12], monthWords);
const weekdays = {
  ...bounds("day of the week", [0, 6], weekdayWords),
  said: "days of the week go from 0 (Sunday) to 6 (Saturday)",
};

const shorthands: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};
const every = "@every ";
/** What Go counts as space. */
const space = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** Throws `configuration-invalid`; the message says what is wrong with it. */
export function parseCron(text: string): Cron {
  if (text === "") throw refused(text, "it is empty");
  if (text.includes("TZ")) throw refused(text, "it may name no time zone");
  if (text.startsWith(every)) return { kind: "every", everyMs: interval(text) };
  const shorthand = Object.hasOwn(shorthands, text) ? shorthands[text] : undefined;
  if (text.startsWith("@") && shorthand === undefined) {
    throw refused(text, `only ${Object.keys(shorthands).join(", ")} and "@every DURATION" begin with @`);
  }
  const fields = (shorthand ?? text).split(space).filter((field) => field !== "");
  if (fields.length !== 5) {
    const names = "minute, hour, day of the month, month, day of the week";
    const seconds = fields.length === 6 ? "; there are no seconds" : "";
    throw refused(text, `it has ${counted(fields.length, "field")} and must have 5 (${names})${seconds}`);
  }
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  return {
    kind: "fields",
    minute: readField(text, minute, minutes),
    hour: readField(text, hour, hours),
    day: readField(text, day, days),
    month: readField(text, month, months),
    weekday: readField(text, weekday, weekdays),
  };
}

/** What is wrong with a schedule, as the end of a sentence; undefined when it can be used. */
export function mistakeInCron(text: string): string | undefined {
  try {
    parseCron(text);
    return undefined;
  } catch (error) {
    if (!Failure.is(error, "configuration-invalid")) throw error;
    return error.message;
  }
}

function refused(text: string, reason: string): Failure {
  return new Failure("configuration-invalid", `${JSON.stringify(text)} is no schedule: ${reason}`, {
    hint: 'schedules look like "0 3 * * *", "*/15 * * * *", @daily or "@every 6h"',
  });
}

/** An empty place in a list says nothing; a list of nothing else is a schedule that never fires. */
function readField(schedule: string, text: string, limits: Bounds): Field {
  const ranges = text.split(",").filter((range) => range !== "");
  const parts = ranges.map((range) => readRange(schedule, range, limits));
  return {
    values: new Set(parts.flatMap(({ first, last, step }) => steps(first, last, step))),
    isOpen: parts.some(({ isOpen }) => isOpen),
  };
}

interface Range {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly isOpen: boolean;
}

/** `*`, `5`, `5-10`, every fifth, `5-10/2`, and `5/10`: every tenth from the fifth on. */
function readRange(schedule: string, text: string, limits: Bounds): Range {
  const [span = "", stepText, ...tooMuch] = text.split("/");
  if (tooMuch.length > 0) throw refused(schedule, `there are too many slashes in ${text}`);
  const step = stepText === undefined ? 1 : readStep(schedule, stepText, text);
  const { first, last } = readSpan(schedule, span, { text, limits, isOneToEnd: stepText !== undefined });
  if (Math.min(first, last) < limits.least || Math.max(first, last) > limits.most) {
    const wrong = first < limits.least || first > limits.most ? first : last;
    throw refused(schedule, `${wrong} is no ${limits.name}: ${limits.said}`);
  }
  if (first > last) throw refused(schedule, `${text} ends before it begins`);
  return { first, last, step, isOpen: isStar(span) && step === 1 };
}

function readSpan(
  schedule: string,
  span: string,
  { text, limits, isOneToEnd }: { readonly text: string; readonly limits: Bounds; readonly isOneToEnd: boolean },
): Pick<Range, "first" | "last"> {
  // what stands behind the hyphen of *-5 is not looked at
  if (isStar(span)) return { first: limits.least, last: limits.most };
  const [from = "", to, ...tooMuch] = span.split("-");
  if (tooMuch.length > 0) throw refused(schedule, `there are too many hyphens in ${text}`);
  const first = readValue(schedule, from, limits);
  if (to !== undefined) return { first, last: readValue(schedule, to, limits) };
  return { first, last: isOneToEnd ? limits.most : first };
}

function isStar(span: string): boolean {
  return /^[*?](-|$)/.test(span);
}

function readValue(schedule: string, text: string, { name, least, words }: Bounds): number {
  const word = words.indexOf(text.toLowerCase());
  if (word !== -1) return word + least;
  const value = readNumber(text);
  if (value !== undefined) return value;
  const unknown = /[LW#]/i.test(text) && !/^[a-z]{3,}$/i.test(text) ? " (L, W and # have no meaning here)" : "";
  throw refused(schedule, `${JSON.stringify(text)} is no ${name}${unknown}`);
}

function readStep(schedule: string, text: string, range: string): number {
  const step = readNumber(text);
  if (step === undefined) throw refused(schedule, `the step of ${range} is no number`);
  if (step === 0) throw refused(schedule, `the step of ${range} must be above 0`);
  return step;
}

/** A plus is allowed; no more than Go's int holds. */
function readNumber(text: string): number | undefined {
  if (!/^\+?\d+$/.test(text)) return undefined;
  return BigInt(text.replace("+", "")) < 2n ** 63n ? Number(text) : undefined;
}

function steps(first: number, last: number, step: number): readonly number[] {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
}

const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  // U+00B5 and U+03BC: both are in use.
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const durationPart = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
/** Go's durations end here, after 292 years. */
const mostMs = 2 ** 63 / 1e6;

/** Whole seconds, at least one, whatever the duration says. */
function interval(schedule: string): number {
  const text = schedule.slice(every.length);
  const isDuration = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/.test(text);
  const parts = [...text.matchAll(durationPart)].map(([, amount, unit]) => Number(amount) * (unitsMs[unit ?? ""] ?? 0));
  const total = parts.reduce((sum, part) => sum + part, 0);
  if (!isDuration || total >= mostMs) {
    throw refused(schedule, `${JSON.stringify(text)} is no duration such as 30m or 1h30m (there are no days)`);
  }
  const signed = text.startsWith("-") ? -total : total;
  return Math.max(1000, Math.floor(Math.round(signed * 1e6) / 1e9) * 1000);
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** A schedule that does not fire until the end of the fifth year from now does not fire. */
const mostYears = 5;

/** The first time after `after`; undefined when there is none (the 30th of February). `@every` counts from `after`. */
export function nextRun(schedule: Cron, after: Date): Date | undefined {
  if (schedule.kind === "every") return new Date(Math.floor(after.getTime() / 1000) * 1000 + schedule.everyMs);
  const begin = Math.floor(after.getTime() / minuteMs) * minuteMs + minuteMs;
  const lastYear = new Date(after.getTime() + 1000).getUTCFullYear() + mostYears;
  const end = Date.UTC(lastYear + 1, 0, 1);
  for (let day = Math.floor(begin / dayMs) * dayMs; day < end; day += dayMs) {
    const found = isDue(schedule, new Date(day)) ? firstMinute(schedule, Math.max(0, begin - day)) : undefined;
    if (found !== undefined) return new Date(day + found);
  }
  return undefined;
}

type Fields = Extract<Cron, { kind: "fields" }>;

/** Of the two day fields one is enough, unless one of them is open. */
function isDue({ day, month, weekday }: Fields, date: Date): boolean {
  if (!month.values.has(date.getUTCMonth() + 1)) return false;
  const isDay = day.values.has(date.getUTCDate());
  const isWeekday = weekday.values.has(date.getUTCDay());
  return day.isOpen || weekday.isOpen ? isDay && isWeekday : isDay || isWeekday;
}

/** Milliseconds into the day, `fromMs` or later. */
function firstMinute({ hour, minute }: Fields, fromMs: number): number | undefined {
  const starts = [...hour.values].flatMap((h) => [...minute.values].map((m) => (h * 60 + m) * minuteMs));
  const later = starts.filter((start) => start >= fromMs);
  return later.length === 0 ? undefined : Math.min(...later);
}
