import { describe, expect, test } from "vitest";
import {
  closingLine,
  failedLines,
  missedMustRun,
  overBudget,
  readMustRun,
  skippedLines,
  type TestOutcome,
} from "./verdict.ts";

const passed: TestOutcome = { file: "src/kit/a.test.ts", name: "a > adds", state: "passed" };
const failed: TestOutcome = { file: "src/kit/a.test.ts", name: "a > divides", state: "failed" };
const skipped: TestOutcome = {
  file: "src/nats/b.test.ts",
  name: "b > asks rclone",
  state: "skipped",
  note: "no rclone",
};

test("must-run.txt has an entry a line, and comments", () => {
  expect(readMustRun("# why\n\n src/a.test.ts \na > adds\n")).toEqual(["src/a.test.ts", "a > adds"]);
});

describe("a must-run entry", () => {
  test.each([
    ["that passed is fine", "a > adds", []],
    ["that failed is counted elsewhere", "a > divides", []],
    ["of files that ran is fine", "src/kit/**/*.test.ts", []],
    [
      "that was skipped is named",
      "b > asks rclone",
      ["must run, but was skipped: src/nats/b.test.ts > b > asks rclone"],
    ],
    [
      "of files names the skipped",
      "src/**/*.test.ts",
      ["must run, but was skipped: src/nats/b.test.ts > b > asks rclone"],
    ],
    ["that is no test is named", "a > add", ["must run, but no such test: a > add"]],
    ["of files that are not there is named", "src/cli/*.ts", ["must run, but no such test: src/cli/*.ts"]],
  ])("%s", (_title, entry, lines) => expect(missedMustRun([entry], [passed, failed, skipped])).toEqual(lines));
});

describe("a budget", () => {
  const budgets = [
    { files: "src/kit/**", seconds: 10, long: 100 },
    { files: "src/**", seconds: 20, long: 20 },
  ];
  const over = "src/kit/** took";
  test.each([
    ["is kept", 10, false, []],
    ["is exceeded with a warning", 10.1, false, [{ line: `${over} 10.1 s, its budget is 10 s`, fails: false }]],
    [
      "is exceeded more than three times and fails",
      31,
      false,
      [{ line: `${over} 31.0 s, its budget is 10 s`, fails: true }],
    ],
    ["is larger in the long run", 31, true, []],
  ])("%s", (_title, seconds, long, lines) => {
    const half = { file: "src/kit/a.test.ts", seconds: seconds / 2 };
    expect(overBudget(budgets, [half, { ...half, file: "src/kit/b.test.ts" }], { long })).toEqual(lines);
  });
  test("counts a file once, by the first that matches", () => {
    expect(overBudget(budgets, [{ file: "src/nats/a.test.ts", seconds: 15 }], { long: false })).toEqual([]);
  });
  test("must be there for every file", () => {
    const lines = overBudget(budgets, [{ file: "bench/a.test.ts", seconds: 1 }], { long: false });
    expect(lines).toEqual([{ line: "no budget for bench/a.test.ts in tests/budget.json", fails: true }]);
  });
});

test("the closing list names what was skipped, and why when it was said", () => {
  const silent: TestOutcome = { ...skipped, note: undefined };
  expect(skippedLines([passed, skipped, silent])).toEqual([
    "skipped: src/nats/b.test.ts > b > asks rclone (no rclone)",
    "skipped: src/nats/b.test.ts > b > asks rclone",
  ]);
});

test("the last line counts tests, and failed checks as failed", () => {
  expect(closingLine([passed, failed, skipped], 0)).toBe("1 passed, 1 failed, 1 skipped");
  expect(closingLine([passed], 2)).toBe("1 passed, 2 failed, 0 skipped");
});

test("the closing list says why tests failed, in short", () => {
  const errors = ["\u001b[31mexpected 1 to be 2\u001b[39m", "x".repeat(2000)];
  expect(failedLines([passed, { ...failed, errors }])).toEqual([
    `failed: src/kit/a.test.ts > a > divides\n  expected 1 to be 2\n  ${"x".repeat(1500)} ...`,
  ]);
});
