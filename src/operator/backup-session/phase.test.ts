import { describe, expect, test } from "vitest";
import type { BackupSessionStatus, BackupTargetStatus } from "../../api/backup-session.ts";
import type { Condition } from "../../api/condition.ts";
import { sessionPhase, targetPhase, withPhase } from "./phase.ts";

function conditions(states: Readonly<Record<string, string>>): Condition[] {
  return Object.entries(states).map(([type, status]) => ({ type, status, lastTransitionTime: "2026-11-21T03:00:00Z" }));
}

function target(
  state: "pending" | "running" | "saved" | "lost",
  set: Readonly<Record<string, string>> = {},
): BackupTargetStatus {
  const phase = state === "saved" ? ("Succeeded" as const) : ("Failed" as const);
  return {
    conditions: conditions(set),
    ...(state === "pending" ? {} : { totalHosts: 1 }),
    ...(state === "saved" || state === "lost" ? { stats: [{ hostname: "host-0", phase }] } : {}),
  };
}

describe("a target's phase", () => {
  test.each([
    ["is Pending before it is begun", target("pending"), "Pending"],
    ["is Running from when its hosts are counted", target("running"), "Running"],
    ["is Running while a host has no result", { ...target("saved"), totalHosts: 2 }, "Running"],
    ["is Succeeded when all hosts are", target("saved"), "Succeeded"],
    ["is Failed when a host is", target("lost"), "Failed"],
    ["is Failed without a Job", target("pending", { BackupExecutorEnsured: "False" }), "Failed"],
    ["is Failed after its hook before", target("running", { PreBackupHookExecutionSucceeded: "False" }), "Failed"],
    [
      "is Failed after its hook behind, though the data is stored",
      target("saved", { PostBackupHookExecutionSucceeded: "False" }),
      "Failed",
    ],
    ["is Failed when its pod was lost", target("running", { BackupDisrupted: "True" }), "Failed"],
    ["looks at no streams: the stats say it", target("saved", { StreamsBackedUp: "False" }), "Succeeded"],
  ])("%s", (_title, given, phase) => expect(targetPhase(given)).toBe(phase));
});

describe("a session's phase", () => {
  const status = (targets: BackupTargetStatus[], set: Readonly<Record<string, string>> = {}): BackupSessionStatus => ({
    targets,
    conditions: conditions(set),
  });
  const over = { MetricsPushed: "True" };

  test.each([
    ["is Pending when nothing is known", {}, "Pending"],
    ["is Pending while it waits for another", status([target("pending")]), "Pending"],
    ["is Skipped whatever else holds", status([target("running")], { BackupSkipped: "True", ...over }), "Skipped"],
    ["is Running from its Job on", status([target("running")]), "Running"],
    ["is Running until the last step is done", status([target("saved")]), "Running"],
    ["is Running with a failed target until then too", status([target("lost")]), "Running"],
    ["is Running past its deadline until then", status([target("lost")], { DeadlineExceeded: "True" }), "Running"],
    ["is Succeeded", status([target("saved")], over), "Succeeded"],
    [
      "is Succeeded though its metrics could not be pushed",
      status([target("saved")], { MetricsPushed: "False" }),
      "Succeeded",
    ],
    [
      "is Succeeded though the Repository's could not",
      status([target("saved")], { ...over, RepositoryMetricsPushed: "False" }),
      "Succeeded",
    ],
    ["is Failed with its target", status([target("lost")], over), "Failed"],
    ["is Failed without a Job", status([target("pending", { BackupExecutorEnsured: "False" })], over), "Failed"],
    ["is Failed past its deadline", status([target("saved")], { ...over, DeadlineExceeded: "True" }), "Failed"],
    ["is Failed past its deadline before it began", status([], { ...over, DeadlineExceeded: "True" }), "Failed"],
    ["is Failed with its history", status([target("saved")], { ...over, BackupHistoryCleaned: "False" }), "Failed"],
    [
      "is Failed with a hook around all",
      status([target("saved")], { ...over, GlobalPostBackupHookSucceeded: "False" }),
      "Failed",
    ],
    ["is Failed without retention", status([target("saved")], { ...over, RetentionPolicyApplied: "False" }), "Failed"],
    [
      "is Failed when the check found damage",
      status([target("saved")], { ...over, RepositoryIntegrityVerified: "False" }),
      "Failed",
    ],
    [
      "is Succeeded when retention was put off",
      status([target("saved")], { ...over, RepositoryIntegrityVerified: "True" }),
      "Succeeded",
    ],
    ["is Failed when one of two targets is", status([target("saved"), target("lost")], over), "Failed"],
    ["is Running when one of two targets is", status([target("lost"), target("running")], over), "Running"],
  ])("%s", (_title, given, phase) => expect(sessionPhase(given)).toBe(phase));
});

describe("a status", () => {
  const times = { created: new Date("2026-11-21T03:00:00Z"), now: new Date("2026-11-21T03:01:12.400Z") };
  const saved: BackupSessionStatus = { targets: [target("saved")], conditions: conditions({ MetricsPushed: "True" }) };

  test("gets its phases, and how long it took when it ends", () => {
    expect(withPhase(saved, times)).toMatchObject({
      phase: "Succeeded",
      sessionDuration: "1m12s",
      targets: [{ phase: "Succeeded" }],
    });
    expect(withPhase({ targets: [target("running")] }, times)).not.toHaveProperty("sessionDuration");
  });
  test.each(["Failed", "Skipped", "Succeeded", "Unknown"] as const)("that is %s stays so, and as long", (phase) => {
    const final: BackupSessionStatus = { ...saved, targets: [target("lost")], phase, sessionDuration: "5s" };
    expect(withPhase(final, times)).toMatchObject({ phase, sessionDuration: "5s" });
  });
});
