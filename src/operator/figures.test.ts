import { describe, expect, test } from "vitest";
import { BackupConfiguration } from "../api/backup-configuration.ts";
import { BackupSession } from "../api/backup-session.ts";
import { Repository } from "../api/repository.ts";
import { CronJob } from "../kube/core.ts";
import { openStore } from "../kube/store.ts";
import { configurationSeries } from "./figures.ts";
import { nextRunOf } from "./next-run.ts";

const apiVersion = "stash.appscode.com/v1beta1";
const now = new Date("2026-11-21T03:00:30Z");

function configuration(spec: object = {}): BackupConfiguration {
  return BackupConfiguration.parse({
    apiVersion,
    kind: "BackupConfiguration",
    metadata: { namespace: "demo", name: "nightly", uid: "1" },
    spec: {
      schedule: "*/5 * * * *",
      repository: { name: "store" },
      retentionPolicy: { name: "five", keepLast: 5, prune: true },
      ...spec,
    },
    status: { phase: "Ready" },
  });
}

function cronJob(status: object = {}): CronJob {
  const owner = { apiVersion, kind: "BackupConfiguration", name: "nightly", uid: "1", controller: true };
  const metadata = { namespace: "demo", name: "stash-trigger-nightly", ownerReferences: [owner] };
  return CronJob.parse({
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { ...metadata, creationTimestamp: "2026-11-21T03:00:10Z" },
    spec: { schedule: "*/5 * * * *", jobTemplate: { spec: { template: { spec: { containers: [] } } } } },
    status,
  });
}

function session(minute: number, phase: string): BackupSession {
  const time = `2026-11-21T02:${minute}:00Z`;
  return BackupSession.parse({
    apiVersion,
    kind: "BackupSession",
    metadata: { namespace: "demo", name: `nightly-${minute}`, creationTimestamp: time },
    spec: { invoker: { kind: "BackupConfiguration", name: "nightly" } },
    status: { phase, sessionDuration: "30s" },
  });
}

describe("the next run", () => {
  test.each<[string, string, CronJob | undefined, string | undefined]>([
    ["of a schedule", "*/5 * * * *", cronJob(), "2026-11-21T03:05:00.000Z"],
    ["without a CronJob", "*/5 * * * *", undefined, undefined],
    ["of a schedule that is none", "every day", cronJob(), undefined],
    ["of an interval, from its beginning", "@every 1m", cronJob(), "2026-11-21T03:01:10.000Z"],
    [
      "of an interval, from its last run",
      "@every 1m",
      cronJob({ lastScheduleTime: "2026-11-21T03:00:20Z" }),
      "2026-11-21T03:01:20.000Z",
    ],
  ])("%s", (_title, schedule, given, time) => {
    expect(nextRunOf(configuration({ schedule }), given, now)?.toISOString()).toBe(time);
  });
});

describe("the figures", () => {
  function figures(
    sessions: readonly BackupSession[],
    { spec, lastBackupTime }: { readonly spec?: object; readonly lastBackupTime?: string } = {},
  ) {
    const stores = {
      backupConfigurations: openStore<BackupConfiguration>(),
      backupSessions: openStore<BackupSession>(),
      repositories: openStore<Repository>(),
      cronJobs: openStore<CronJob>(),
    };
    stores.backupConfigurations.set(configuration(spec));
    stores.cronJobs.set(cronJob());
    for (const each of sessions) stores.backupSessions.set(each);
    const references = [{ kind: "BackupConfiguration", namespace: "demo", name: "nightly" }];
    const metadata = { namespace: "demo", name: "store" };
    const status = { references, ...(lastBackupTime === undefined ? {} : { lastBackupTime }) };
    stores.repositories.set(
      Repository.parse({ apiVersion: "stash.appscode.com/v1alpha1", kind: "Repository", metadata, status }),
    );
    return new Map(
      configurationSeries(stores, now).map(({ name, labels, value }) => [
        [name, labels["phase"]].filter(Boolean).join(" "),
        value,
      ]),
    );
  }
  const seconds = (text: string) => Date.parse(text) / 1000;

  test("of one that waits for its first run", () => {
    const found = figures([]);
    expect(found.get("coldstream_backup_next_run_time_seconds")).toBe(seconds("2026-11-21T03:05:00Z"));
    expect(found.get("coldstream_backup_ready")).toBe(1);
    expect(found.has("coldstream_backup_last_success_time_seconds")).toBe(false);
  });
  test("of one that is paused", () => {
    const found = figures([], { spec: { paused: true } });
    expect(found.get("coldstream_backup_paused")).toBe(1);
    expect(found.has("coldstream_backup_next_run_time_seconds")).toBe(false);
  });
  test("tell of the newest session, and of the newest good one", () => {
    const found = figures([session(10, "Succeeded"), session(20, "Succeeded"), session(30, "Failed")]);
    expect(found.get("coldstream_backup_session_phase Failed")).toBe(1);
    expect(found.get("coldstream_backup_session_phase Succeeded")).toBe(0);
    expect(found.get("coldstream_backup_last_success_time_seconds")).toBe(seconds("2026-11-21T02:20:30Z"));
  });
  test("remember the last good one by the Repository when no session of it is kept", () => {
    const found = figures([session(30, "Failed")], { lastBackupTime: "2026-11-20T03:00:00Z" });
    expect(found.get("coldstream_backup_last_success_time_seconds")).toBe(seconds("2026-11-20T03:00:00Z"));
  });
});
