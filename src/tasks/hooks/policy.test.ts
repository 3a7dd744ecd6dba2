import { expect, test } from "vitest";
import type { RunFacts } from "./facts.ts";
import { leftOut } from "./policy.ts";

const succeeded: RunFacts = { phase: "Succeeded", error: "", durationMs: 0, retryLeft: 1 };
const failed: RunFacts = { ...succeeded, phase: "Failed", error: "no" };
const final: RunFacts = { ...failed, retryLeft: 0 };

test.each([
  ["Always", succeeded, true],
  ["Always", failed, true],
  ["OnSuccess", succeeded, true],
  ["OnSuccess", failed, false],
  ["OnFailure", succeeded, false],
  ["OnFailure", failed, true],
  ["OnFinalRetryFailure", succeeded, false],
  ["OnFinalRetryFailure", { ...succeeded, retryLeft: 0 }, false],
  ["OnFinalRetryFailure", failed, false],
  ["OnFinalRetryFailure", final, true],
] as const)("%s, after %o: runs %s", (policy, facts, runs) => {
  const why = leftOut(policy, facts);
  expect(why === undefined).toBe(runs);
  if (!runs) expect(why).toMatch(new RegExp(`^The hook was not run: its executionPolicy is ${policy}, and .*\\.$`));
});
