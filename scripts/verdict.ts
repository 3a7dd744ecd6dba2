import { matchesGlob } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** What became of one test. Names as vitest prints them: suites and test joined by " > ". */
export interface TestOutcome {
  readonly file: string;
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  /** What `skip(note)` said. */
  readonly note?: string | undefined;
  /** Why it failed. */
  readonly errors?: readonly string[];
}

/** Seconds a group of test files may take, by glob of their paths; `long` holds for `npm run test:long`. */
export interface Budget {
  readonly files: string;
  readonly seconds: number;
  readonly long: number;
}

export interface FileTime {
  readonly file: string;
  readonly seconds: number;
}

/** Above this many times its budget a group fails the run; between, it is a warning. */
const failsAbove = 3;

/** Characters of a failed test's error in the closing list. */
const mostOfError = 1500;

/** The entries of must-run.txt: one a line; `#` begins a comment. */
export function readMustRun(text: string): readonly string[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

/** One line for every must-run entry that did not run whole. An entry is a glob of files (it ends in .ts) or a test's full name. */
export function missedMustRun(entries: readonly string[], outcomes: readonly TestOutcome[]): readonly string[] {
  return entries.flatMap((entry) => {
    const named = outcomes.filter(({ file, name }) =>
      entry.endsWith(".ts") ? matchesGlob(file, entry) : name === entry,
    );
    if (named.length === 0) return [`must run, but no such test: ${entry}`];
    return named.filter(({ state }) => state === "skipped").map((test) => `must run, but was skipped: ${title(test)}`);
  });
}

/** A line for every group of files over its budget, and whether that fails the run. The first budget that matches a file counts it. */
export function overBudget(
  budgets: readonly Budget[],
  times: readonly FileTime[],
  { long }: { readonly long: boolean },
): readonly { readonly line: string; readonly fails: boolean }[] {
  const spent = new Map<Budget, number>();
  for (const { file, seconds } of times) {
    const budget = budgets.find((each) => matchesGlob(file, each.files));
    if (budget === undefined) return [{ line: `no budget for ${file} in tests/budget.json`, fails: true }];
    spent.set(budget, (spent.get(budget) ?? 0) + seconds);
  }
  return [...spent].flatMap(([budget, seconds]) => {
    const allowed = long ? budget.long : budget.seconds;
    if (seconds <= allowed) return [];
    const fails = seconds > allowed * failsAbove;
    return [{ line: `${budget.files} took ${seconds.toFixed(1)} s, its budget is ${allowed} s`, fails }];
  });
}

/** The closing list: every skipped test by name, with what its `skip` said. */
export function skippedLines(outcomes: readonly TestOutcome[]): readonly string[] {
  const skipped = outcomes.filter(({ state }) => state === "skipped");
  return skipped.map((test) => `skipped: ${title(test)}${test.note === undefined ? "" : ` (${test.note})`}`);
}

/** Why tests failed, once more and short: of a long output somebody may have no more than the end. */
export function failedLines(outcomes: readonly TestOutcome[]): readonly string[] {
  const failed = outcomes.filter(({ state }) => state === "failed");
  return failed.map((test) => [`failed: ${title(test)}`, ...(test.errors ?? []).map(short)].join("\n  "));
}

function short(error: string): string {
  const plain = stripVTControlCharacters(error);
  return plain.length <= mostOfError ? plain : `${plain.slice(0, mostOfError)} ...`;
}

/** The line that ends the run; a failed check counts as one more. */
export function closingLine(outcomes: readonly TestOutcome[], failedChecks: number): string {
  const count = (state: TestOutcome["state"]) => outcomes.filter((test) => test.state === state).length;
  return `${count("passed")} passed, ${count("failed") + failedChecks} failed, ${count("skipped")} skipped`;
}

function title({ file, name }: TestOutcome): string {
  return `${file} > ${name}`;
}
