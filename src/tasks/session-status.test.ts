import { describe, expect, test } from "vitest";
import type { BackupSessionStatus } from "../api/backup-session.ts";
import { targetIn, withBackupResult, withRestoreResult, withSessionCondition } from "./session-status.ts";

const ref = {
  apiVersion: "appcatalog.appscode.com/v1alpha1",
  kind: "AppBinding",
  name: "sample-nats",
  namespace: "demo",
};
const where = { ref, sessionNamespace: "demo" };
const now = new Date("2026-11-21T03:00:00Z");
const time = "2026-11-21T03:00:00Z";
const saved = { type: "StreamsBackedUp", status: "True", reason: "AllStreamsBackedUp", message: "2 streams" } as const;
const stats = { hostname: "host-0", phase: "Succeeded" } as const;

const before: BackupSessionStatus = {
  phase: "Running",
  conditions: [{ type: "BackupSkipped", status: "False", lastTransitionTime: "2026-01-01T00:00:00Z" }],
  targets: [
    { ref: { kind: "AppBinding", name: "other" }, totalHosts: 1 },
    {
      ref: { kind: "AppBinding", name: "sample-nats" },
      totalHosts: 1,
      phase: "Running",
      preBackupActions: ["Initialize"],
    },
  ],
};

describe("a result of a backup", () => {
  const after = withBackupResult(before, where, { result: { stats: [stats], conditions: [saved] }, now });
  test("goes to its target, which needs no namespace to be the session's", () => {
    expect(after.targets?.[1]).toEqual({
      ...before.targets?.[1],
      stats: [stats],
      conditions: [{ ...saved, lastTransitionTime: time }],
    });
  });
  test("leaves all else as it was, phases first", () => {
    expect([after.phase, after.conditions, after.targets?.[0]]).toEqual([
      "Running",
      before.conditions,
      before.targets?.[0],
    ]);
  });
  test("replaces that of the same host", () => {
    const failed = { hostname: "host-0", phase: "Failed", error: "x" } as const;
    const again = withBackupResult(after, where, { result: { stats: [failed], conditions: [] }, now });
    expect(again.targets?.[1]?.stats).toEqual([failed]);
  });
  test("makes an entry where there is none", () => {
    expect(withBackupResult(undefined, where, { result: { stats: [stats], conditions: [] }, now }).targets).toEqual([
      { ref, stats: [stats], conditions: [] },
    ]);
  });
  test("of a target elsewhere does not go to one of the same name here", () => {
    const far = { ...ref, namespace: "far" };
    expect(targetIn(before, far, "demo")).toBeUndefined();
    expect(targetIn(before, ref, "demo")).toBe(before.targets?.[1]);
  });
});

test("a result of a restore goes to the session itself", () => {
  const restored = { ...saved, type: "StreamsRestored" } as const;
  const status = { phase: "Running", totalHosts: 1 } as const;
  expect(withRestoreResult(status, { result: { stats: [stats], conditions: [restored] }, now })).toEqual({
    ...{ phase: "Running", totalHosts: 1, stats: [stats] },
    conditions: [{ ...restored, lastTransitionTime: time }],
  });
});

test("a session's condition stands beside those of others", () => {
  const news = { type: "RetentionPolicyApplied", status: "True", reason: "r", message: "m" } as const;
  expect(withSessionCondition(before, news, now).conditions.map(({ type }) => type)).toEqual([
    "BackupSkipped",
    "RetentionPolicyApplied",
  ]);
});
