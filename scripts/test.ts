// `npm test`: style, types, then the tests, and a closing list of what was skipped. Arguments go to vitest; `--long` runs the full counts.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseCLI, type Reporter, startVitest, type TestModule } from "vitest/node";
import { z } from "zod";
import {
  type Budget,
  closingLine,
  type FileTime,
  failedLines,
  missedMustRun,
  overBudget,
  readMustRun,
  skippedLines,
  type TestOutcome,
} from "./verdict.ts";

const root = join(import.meta.dirname, "..");
const Budgets = z.array(z.object({ files: z.string(), seconds: z.number(), long: z.number() }));
const Missing = z.object({ missing: z.array(z.object({ name: z.string(), why: z.string() })) });

interface TestRun {
  readonly outcomes: readonly TestOutcome[];
  readonly times: readonly FileTime[];
  /** Files that could not be loaded, errors outside any test, or nothing to run. */
  readonly errors: readonly string[];
}

async function main(args: readonly string[]): Promise<number> {
  const long = args.includes("--long");
  const rest = args.filter((argument) => argument !== "--long");
  if (long) process.env.COLDSTREAM_LONG = "1";
  const failures = [...check("biome", ["check", "."]), ...check("tsc", ["--noEmit"])];
  const { outcomes, times, errors } = await runTests(rest);
  failures.push(...errors);
  console.log();
  const whole = rest.length === 0;
  // A filter by name skips all others: that list would say nothing.
  if (!rest.some((argument) => /^(-t|--testNamePattern)/.test(argument))) print(skippedLines(outcomes));
  print(missingPrograms());
  if (whole && process.env.COLDSTREAM_MUST_RUN === "1") {
    failures.push(...missedMustRun(readMustRun(read("tests/must-run.txt")), outcomes));
  }
  for (const { line, fails } of overBudget(readBudgets(), times, { long })) {
    if (fails) failures.push(line);
    else console.log(`warning: ${line}`);
  }
  print(failedLines(outcomes));
  print(failures.map((line) => `failed: ${line}`));
  console.log(closingLine(outcomes, failures.length));
  return failures.length > 0 || outcomes.some(({ state }) => state === "failed") ? 1 : 0;
}

/** Runs a checker of node_modules/.bin with its output shown; gives a line when it fails. */
function check(name: string, args: readonly string[]): readonly string[] {
  console.log(`\n${name} ${args.join(" ")}`);
  const { status } = spawnSync(join(root, "node_modules/.bin", name), args, { cwd: root, stdio: "inherit" });
  return status === 0 ? [] : [`${name} ${args.join(" ")}`];
}

async function runTests(args: readonly string[]): Promise<TestRun> {
  const { filter, options } = parseCLI(["vitest", "run", ...args]);
  const errors: string[] = [];
  let modules: readonly TestModule[] = [];
  const collect: Reporter = {
    onTestRunEnd(ended, unhandled) {
      modules = ended;
      errors.push(...unhandled.map((error) => `error outside any test: ${error.message}`));
    },
  };
  const reporters = [...[options.reporters ?? "default"].flat(), collect] as Reporter[];
  const vitest = await startVitest(filter, { ...options, root, watch: false, reporters });
  await vitest.close();
  const outcomes = modules.flatMap(outcomesOf);
  errors.push(...modules.flatMap((each) => each.errors().map((error) => `${fileOf(each)}: ${error.message}`)));
  if (outcomes.length === 0) errors.push("no test ran");
  const times = modules.map((each) => ({ file: fileOf(each), seconds: secondsOf(each) }));
  return { outcomes, times, errors };
}

function outcomesOf(module: TestModule): readonly TestOutcome[] {
  return [...module.children.allTests()].map((test) => {
    const result = test.result();
    // A test that was never reached (its suite's hook failed) did not pass.
    const state = result.state === "pending" ? "failed" : result.state;
    return {
      file: fileOf(module),
      name: test.fullName,
      state,
      note: result.state === "skipped" ? result.note : undefined,
      errors: (result.errors ?? []).flatMap(messagesOf),
    };
  });
}

/** With `using`, a failed release hides the first error in a SuppressedError. */
function messagesOf(error: unknown): readonly string[] {
  if (error instanceof Object === false) return [String(error)];
  const { message, error: later, suppressed } = error as { message?: unknown; error?: unknown; suppressed?: unknown };
  const own = typeof message === "string" && message !== "" ? [message] : [];
  return [...own, ...[suppressed, later].filter((one) => one !== undefined).flatMap(messagesOf)];
}

function fileOf(module: TestModule): string {
  return relative(root, module.moduleId);
}

function secondsOf(module: TestModule): number {
  const { duration, collectDuration, setupDuration } = module.diagnostic();
  return (duration + collectDuration + setupDuration) / 1000;
}

/** What setup could not get on this machine: why tests were skipped. */
function missingPrograms(): readonly string[] {
  if (!existsSync(join(root, ".tools/missing.json"))) return [];
  const { missing } = Missing.parse(JSON.parse(read(".tools/missing.json")));
  return missing.map(({ name, why }) => `not on this machine: ${name} (${why})`);
}

function readBudgets(): readonly Budget[] {
  return Budgets.parse(JSON.parse(read("tests/budget.json")));
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function print(lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}

process.exitCode = await main(process.argv.slice(2));
