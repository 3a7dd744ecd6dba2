import { describe, expect, test } from "vitest";
import { type ConditionNews, statusOf, withCondition } from "./condition.ts";
import { invokerConditions, sessionConditions, targetConditions } from "./condition-types.ts";

const news: ConditionNews = {
  type: "RepositoryFound",
  status: "True",
  reason: "RepositoryAvailable",
  message: "found",
};
const before = withCondition(undefined, news, new Date("2026-11-21T03:00:00.5Z"));
const later = new Date("2026-11-21T04:00:00Z");

describe("a condition", () => {
  test("is added with its time in whole seconds", () => {
    expect(before).toEqual([{ ...news, lastTransitionTime: "2026-11-21T03:00:00Z" }]);
  });
  test("is left alone when it says nothing new", () => expect(withCondition(before, news, later)).toBe(before));
  test.each([
    ["status", { status: "False" }],
    ["reason", { reason: "RepositoryNotAvailable" }],
    ["message", { message: "gone" }],
  ] as const)("moves its time with its %s", (_what, change) => {
    const changed = { ...news, ...change };
    expect(withCondition(before, changed, later)).toEqual([{ ...changed, lastTransitionTime: "2026-11-21T04:00:00Z" }]);
  });
  test("keeps its place among others", () => {
    const two = withCondition(before, { ...news, type: "CronJobCreated" }, later);
    const changed = withCondition(two, { ...news, message: "again" }, later);
    expect(changed.map(({ type }) => type)).toEqual(["RepositoryFound", "CronJobCreated"]);
  });
  test("has a status, or none when it was never set", () => {
    expect([
      statusOf(before, "RepositoryFound"),
      statusOf(before, "MetricsPushed"),
      statusOf(undefined, "MetricsPushed"),
    ]).toEqual(["True", undefined, undefined]);
  });
});

/** Users' scripts wait for these words. */
test("the types of conditions are Stash's and three of ours", () => {
  expect(Object.keys({ ...invokerConditions, ...sessionConditions, ...targetConditions }).sort()).toEqual(
    [
      ...["RepositoryFound", "BackendSecretFound", "ValidationPassed", "BackupTargetFound", "CronJobCreated"],
      ...["RestoreTargetFound", "RestoreExecutorEnsured", "PreRestoreHookExecutionSucceeded"],
      ...["PostRestoreHookExecutionSucceeded", "MetricsPushed", "DeadlineExceeded", "BackupSkipped"],
      ...["BackendRepositoryInitialized", "RetentionPolicyApplied", "RepositoryIntegrityVerified"],
      ...["RepositoryMetricsPushed", "BackupHistoryCleaned", "GlobalPreBackupHookSucceeded"],
      ...["GlobalPostBackupHookSucceeded", "BackupExecutorEnsured", "PreBackupHookExecutionSucceeded"],
      ...["PostBackupHookExecutionSucceeded", "BackupDisrupted"],
      ...["StreamsBackedUp", "StreamsRestored", "BackupProven"],
    ].sort(),
  );
});
