import { describe, expect, test } from "vitest";
import type { BackupSessionStatus } from "../../api/backup-session.ts";
import { newsOf } from "../session/news.ts";
import * as change from "./status.ts";

const moment = { created: new Date("2026-11-21T03:00:00Z"), now: new Date("2026-11-21T03:00:42.300Z") };
const deadline = new Date("2026-11-21T03:30:00Z");
const ref = { kind: "AppBinding", name: "sample-nats", namespace: "demo" };
const metrics = newsOf("MetricsPushed", "True", "pushed");

const begun = change.begun({}, { ref, deadline }, moment) ?? {};
const ensured = change.ensured(begun, "stash-backup-a-0", moment) ?? {};
const reported: BackupSessionStatus = {
  ...ensured,
  targets: (ensured.targets ?? []).map((target) => ({
    ...target,
    stats: [{ hostname: "host-0", phase: "Succeeded" }],
  })),
};
const crash = { reason: "Crashed", message: "it crashed" } as const;
const failing = { host: "host-0", trouble: crash, error: "it crashed; the end of its log:\noops", hasPostHook: false };

describe("the status of a session", () => {
  test("says what is to be done before there is a Job", () => {
    expect(begun).toMatchObject({
      phase: "Running",
      sessionDeadline: "2026-11-21T03:30:00Z",
      targets: [
        {
          ref,
          totalHosts: 1,
          phase: "Running",
          preBackupActions: ["InitializeBackendRepository"],
          postBackupActions: ["ApplyRetentionPolicy", "VerifyRepositoryIntegrity", "SendRepositoryMetrics"],
        },
      ],
    });
    expect(ensured).toMatchObject({
      phase: "Running",
      targets: [{ conditions: [{ type: "BackupExecutorEnsured", status: "True" }] }],
    });
  });
  test("waits with its deadline", () => {
    expect(change.held({}, deadline, moment)).toEqual({ phase: "Pending", sessionDeadline: "2026-11-21T03:30:00Z" });
  });
  test("names what skipped it", () => {
    expect(change.skipped({ phase: "Pending" }, "Busy.", moment)).toMatchObject({
      phase: "Skipped",
      sessionDuration: "42s",
      conditions: [{ type: "BackupSkipped", status: "True", reason: "SkippedTakingNewBackup", message: "Busy." }],
    });
  });
  test("fails its target without a Job", () => {
    expect(change.refused({}, { ref, deadline, message: "No Task." }, moment)).toMatchObject({
      phase: "Running",
      targets: [
        { ref, phase: "Failed", conditions: [{ type: "BackupExecutorEnsured", status: "False", message: "No Task." }] },
      ],
    });
    expect(change.refused(begun, { ref, deadline, message: "No Task." }, moment)?.targets).toMatchObject([
      { totalHosts: 1, phase: "Failed" },
    ]);
  });
  test("tells why a host failed", () => {
    const failed = change.failed(ensured, failing, moment);
    expect(failed?.targets?.[0]).toMatchObject({
      phase: "Failed",
      stats: [{ hostname: "host-0", phase: "Failed", duration: "42s", error: failing.error }],
    });
    expect(failed?.targets?.[0]?.conditions).toHaveLength(1);
  });
  test("tells of a pod that was lost", () => {
    const trouble = { reason: "Evicted", message: "evicted" } as const;
    const failed = change.failed(ensured, { ...failing, trouble }, moment);
    expect(failed?.targets?.[0]?.conditions).toMatchObject([
      {},
      { type: "BackupDisrupted", status: "True", message: "evicted" },
    ]);
  });
  test("tells of a hook that never spoke", () => {
    const failed = change.failed(reported, { ...failing, hasPostHook: true }, moment);
    expect(failed?.targets?.[0]).toMatchObject({
      phase: "Failed",
      stats: [{ phase: "Succeeded" }],
      conditions: [{}, { type: "PostBackupHookExecutionSucceeded", status: "False" }],
    });
  });
  test("expires with and without a Job", () => {
    const late = { host: "host-0", message: "Too late." };
    expect(change.expired({}, late, moment)).toMatchObject({ conditions: [{ type: "DeadlineExceeded" }] });
    expect(change.expired(ensured, late, moment)?.targets).toMatchObject([
      { stats: [{ phase: "Failed", error: "Too late." }] },
    ]);
    expect(change.expired(reported, late, moment)?.targets).toMatchObject([{ stats: [{ phase: "Succeeded" }] }]);
  });
  test("ends once, with the time of the next try when it failed", () => {
    expect(change.finished(reported, { metrics, retryDelayMs: 0 }, moment)).toMatchObject({
      phase: "Succeeded",
      sessionDuration: "42s",
    });
    expect(change.finished(reported, { metrics, retryDelayMs: 0 }, moment)).not.toHaveProperty("nextRetry");
    const failed = change.failed(ensured, failing, moment) ?? {};
    const history = newsOf("BackupHistoryCleaned", "True", "cleaned");
    expect(change.finished(failed, { history, metrics, retryDelayMs: 60_000 }, moment)).toMatchObject({
      phase: "Failed",
      nextRetry: "2026-11-21T03:01:43Z",
      conditions: [{ type: "BackupHistoryCleaned" }, { type: "MetricsPushed" }],
    });
  });
});

describe("nothing is written", () => {
  const final: BackupSessionStatus = { ...reported, phase: "Succeeded" };
  const refused = change.refused({}, { ref, deadline, message: "No." }, moment) ?? {};
  test.each([
    ["over a target that began", () => change.begun(begun, { ref, deadline }, moment)],
    ["over a target that was refused", () => change.begun(refused, { ref, deadline }, moment)],
    ["of a Job that is known", () => change.ensured(ensured, "a", moment)],
    ["of a refusal when there is a Job", () => change.refused(ensured, { ref, deadline, message: "No." }, moment)],
    ["of a failure over a result", () => change.failed(reported, failing, moment)],
    ["of a failure without a target", () => change.failed({}, failing, moment)],
    ["of waiting twice", () => change.held({ phase: "Pending" }, deadline, moment)],
    ["of skipping one that runs", () => change.skipped(begun, "No.", moment)],
    ["after the end: a failure", () => change.failed(final, failing, moment)],
    ["after the end: a Job", () => change.ensured(final, "a", moment)],
    ["after the end: a deadline", () => change.expired(final, { host: "host-0", message: "a" }, moment)],
    ["after the end: an end", () => change.finished(final, { metrics }, moment)],
    ["of a second try", () => change.retried({ ...final, retried: true })],
  ])("%s", (_title, write) => expect(write()).toBeUndefined());
});
