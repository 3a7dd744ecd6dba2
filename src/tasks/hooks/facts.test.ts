import { describe, expect, test } from "vitest";
import type { BackupSession, BackupSessionStatus } from "../../api/backup-session.ts";
import type { ConditionType } from "../../api/condition-types.ts";
import { RestoreSession } from "../../api/restore-session.ts";
import { runFacts, templateFacts } from "./facts.ts";

const target = {
  apiVersion: "appcatalog.appscode.com/v1alpha1",
  kind: "AppBinding",
  name: "sample-nats",
  namespace: "demo",
};
const now = new Date("2026-11-21T03:01:05.4Z");
const creationTimestamp = "2026-11-21T03:00:00Z";
const host = { hostname: "host-0", phase: "Succeeded" } as const;
const condition = (type: ConditionType, status: string, message = `${type} is ${status}`) => ({
  ...{ type, status, message, reason: "Because" },
  lastTransitionTime: creationTimestamp,
});

function session(status: BackupSessionStatus, retryLeft?: number): BackupSession {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: "nightly-1", namespace: "demo", creationTimestamp },
    spec: { invoker: { kind: "BackupConfiguration", name: "nightly" }, retryLeft },
    status,
  };
}

const withTarget = (
  own: NonNullable<BackupSessionStatus["targets"]>[number],
  conditions: BackupSessionStatus["conditions"] = [],
) => session({ targets: [{ ref: { kind: "AppBinding", name: "sample-nats" }, ...own }], conditions }, 2);

describe("what a backup came to", () => {
  test.each([
    ["all hosts succeeded", withTarget({ stats: [host] }), "Succeeded", ""],
    ["a host failed", withTarget({ stats: [{ ...host, phase: "Failed", error: "no server" }] }), "Failed", "no server"],
    ["there is no result", withTarget({ stats: [] }), "Failed", "the step before left no result"],
    [
      "retention failed",
      withTarget({ stats: [host] }, [condition("RetentionPolicyApplied", "False", "locked")]),
      "Failed",
      "locked",
    ],
    [
      "a target's condition is False",
      withTarget({ stats: [host], conditions: [condition("PreBackupHookExecutionSucceeded", "False", "no")] }),
      "Failed",
      "no",
    ],
    [
      "metrics were not pushed",
      withTarget({ stats: [host] }, [condition("RepositoryMetricsPushed", "False")]),
      "Succeeded",
      "",
    ],
    [
      "a stream was left out as permitted",
      withTarget({ stats: [host], conditions: [condition("StreamsBackedUp", "False")] }),
      "Succeeded",
      "",
    ],
    [
      "it was too late",
      withTarget({ stats: [host] }, [condition("DeadlineExceeded", "True", "too late")]),
      "Failed",
      "too late",
    ],
    [
      "the same was said twice",
      withTarget({
        stats: [{ ...host, phase: "Failed", error: "a" }],
        conditions: [condition("BackupExecutorEnsured", "False", "a")],
      }),
      "Failed",
      "a",
    ],
  ])("%s", (_title, given, phase, error) => {
    const facts = runFacts(given, { phase: "post", target, now });
    expect(facts).toEqual({ phase, error, durationMs: 65_000, retryLeft: 2 });
  });

  test("before the task it is Running", () => {
    expect(runFacts(withTarget({}), { phase: "pre", target, now })).toMatchObject({ phase: "Running", error: "" });
  });

  test("without a retryConfig none are left", () => {
    expect(runFacts(session({}), { phase: "pre", target, now }).retryLeft).toBe(0);
  });
});

test.each([
  ["Succeeded", { stats: [host] }, "Succeeded"],
  ["Failed", { stats: [{ ...host, phase: "Failed" as const, error: "no" }] }, "Failed"],
  ["Unknown counts as failed", { stats: [{ ...host, phase: "Unknown" as const }] }, "Failed"],
  ["no result", {}, "Failed"],
])("what a restore came to: %s", (_title, status, phase) => {
  const document = RestoreSession.parse({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreSession",
    metadata: { name: "again", namespace: "demo", creationTimestamp },
    spec: {},
    status,
  });
  expect(runFacts(document, { phase: "post", target, now })).toMatchObject({ phase, retryLeft: 0 });
});

test("templates name Stash's fields, and those that its guides name", () => {
  const invoker = { kind: "BackupConfiguration", name: "nightly" };
  const run = { phase: "Failed", error: "no", durationMs: 65_000, retryLeft: 1 } as const;
  expect(templateFacts({ session: { name: "nightly-1", namespace: "demo" }, invoker, target }, run)).toEqual({
    Name: "nightly-1",
    Namespace: "demo",
    Invoker: {
      APIGroup: "stash.appscode.com",
      APIVersion: "stash.appscode.com/v1beta1",
      ApiVersion: "stash.appscode.com/v1beta1",
      Kind: "BackupConfiguration",
      Name: "nightly",
    },
    Target: {
      APIVersion: "appcatalog.appscode.com/v1alpha1",
      ApiVersion: "appcatalog.appscode.com/v1alpha1",
      Kind: "AppBinding",
      Name: "sample-nats",
      Namespace: "demo",
    },
    Status: { Phase: "Failed", Duration: "1m5s", Error: "no" },
    RetryLeft: 1,
  });
});
