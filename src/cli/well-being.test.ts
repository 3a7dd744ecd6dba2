import { describe, expect, test } from "vitest";
import type { BackupSessionPhase, BackupTargetStatus } from "../api/backup-session.ts";
import type { Condition } from "../api/condition.ts";
import type { Configuration, Session } from "./invoker.ts";
import { type Known, wellBeingOf } from "./well-being.ts";

const now = new Date("2026-11-21T12:00:00Z");
const made = "2026-11-20T12:00:00Z";

function configuration(spec: object): Configuration {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata: { name: "nightly", namespace: "demo", creationTimestamp: made },
    spec: {
      schedule: "0 * * * *",
      driver: "Restic",
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      ...spec,
    },
    status: { phase: "Ready" },
  };
}

function session(
  creationTimestamp: string,
  phase: BackupSessionPhase,
  target: Partial<BackupTargetStatus> = {},
): Session {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: "nightly-1", namespace: "demo", creationTimestamp },
    spec: { invoker: { name: "nightly", kind: "BackupConfiguration" } },
    status: { phase, targets: [target] },
  };
}

function known(sessions: readonly Session[], spec: object = {}, more: Partial<Known> = {}): Known {
  return { configuration: configuration(spec), sessions, repository: undefined, cronJob: undefined, ...more };
}

const cronJob = (lastSuccessfulTime: string | null): Known["cronJob"] => ({
  ...{ apiVersion: "batch/v1", kind: "CronJob", metadata: { name: "stash-trigger-nightly" } },
  spec: { schedule: "0 * * * *", jobTemplate: { spec: { template: { spec: { containers: [] } } } } },
  status: { lastSuccessfulTime },
});

describe("a schedule", () => {
  const at = (time: string, phase: BackupSessionPhase = "Succeeded") => [session(`2026-11-21T${time}Z`, phase)];
  test.each<readonly [string, Known, string | null]>([
    ["ran at its last time", known(at("11:00:05")), null],
    ["is due just now", known(at("11:00:05")), null],
    ["was due within the grace", known(at("10:59:59"), { schedule: "59 * * * *" }), null],
    ["was due before the grace", known(at("10:58:59"), { schedule: "58 * * * *" }), "11:58:00"],
    ["missed its last time", known(at("10:00:05")), "11:00:00"],
    ["missed many: the first is said", known(at("03:00:05")), "04:00:00"],
    ["was skipped: it did begin", known(at("11:00:05", "Skipped")), null],
    ["failed: it did begin", known(at("11:00:05", "Failed")), null],
    ["was triggered by hand since", known(at("11:59:00")), null],
    ["is paused", known(at("03:00:05"), { paused: true }), null],
    ["has no mistake but is empty", known([], { schedule: "" }), null],
    ["cannot be read: the phase says it", known([], { schedule: "every day" }), null],
    ["never ran, and should have", known([], { schedule: "0 3 * * *" }), "03:00:00"],
    ["never ran, and need not yet", known([], { schedule: "0 3 1 1 *" }), null],
    ["each ten minutes, ran", known(at("11:50:30"), { schedule: "@every 10m" }), null],
    ["each ten minutes, did not", known(at("11:40:30"), { schedule: "@every 10m" }), "11:50:30"],
    ["lost its sessions to somebody", known([], {}, { cronJob: cronJob("2026-11-21T11:00:06Z") }), null],
    ["has a CronJob that never ran", known([], { schedule: "0 3 * * *" }, { cronJob: cronJob(null) }), "03:00:00"],
  ])("that %s", (_title, given, due) => {
    const { overdueSince, problems } = wellBeingOf(given, now);
    expect(overdueSince).toEqual(due === null ? null : new Date(`2026-11-21T${due}Z`));
    const told = problems.filter(({ what }) => what.startsWith("no run began at"));
    expect(told.map(({ code }) => code)).toEqual(due === null ? [] : ["backup-failed"]);
    if (due !== null) expect(told[0]?.what).toContain(`2026-11-21T${due}Z`);
  });
});

describe("a proof", () => {
  const condition = (type: string, status: string, message = ""): Condition => ({
    ...{ type, status, message, reason: "R", lastTransitionTime: made },
  });
  const last = "2026-11-21T11:00:05Z";
  test.each<readonly [string, readonly Condition[], string | null]>([
    ["nobody asked for", [condition("StreamsBackedUp", "True")], null],
    ["that came out well", [condition("BackupProven", "True")], "proven"],
    ["that could not be tried", [condition("BackupProven", "Unknown")], "not proven"],
    ["that showed a difference", [condition("BackupProven", "False")], "differs"],
    ["only in words, which may change", [condition("StreamsBackedUp", "True", "proven on nats-server 2.12")], null],
  ])("%s", (_title, conditions, proof) => {
    const given = known([session(last, "Succeeded", { conditions: [...conditions] })]);
    expect(wellBeingOf(given, now)).toMatchObject({ proof, problems: [] });
  });

  test("that showed a difference is what is wrong with the session", () => {
    const target = {
      conditions: [condition("BackupProven", "False")],
      stats: [{ phase: "Failed", error: "A differs" } as const],
    };
    expect(wellBeingOf(known([session(last, "Failed", target)]), now).problems).toEqual([
      { code: "not-proven", what: "session nightly-1 failed: A differs" },
    ]);
  });
});

test("nothing is wrong with a configuration whose last run went well", () => {
  const { problems, lastSession, phase } = wellBeingOf(known([session("2026-11-21T11:00:05Z", "Succeeded")]), now);
  expect({ problems, phase, lastSession: lastSession?.phase }).toEqual({
    ...{ problems: [], phase: "Ready", lastSession: "Succeeded" },
  });
});
