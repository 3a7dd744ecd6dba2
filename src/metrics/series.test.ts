import { describe, expect, test } from "vitest";
import { BackupSession, type BackupSessionStatus, type HostBackupStats } from "../api/backup-session.ts";
import { Repository } from "../api/repository.ts";
import { RestoreSession, type RestoreSessionStatus } from "../api/restore-session.ts";
import { hostSeries, repositorySeries, restoreSeries, sessionSeries, targetSeries } from "./series.ts";
import type { Series } from "./table.ts";

const invoker = { kind: "BackupConfiguration", namespace: "demo", name: "sample", repository: "gcs-repo" };
const target = { kind: "nats", group: "nats.io", name: "sample-nats" };
const created = "2026-11-21T03:00:00Z";
const lastSuccess = new Date("2026-11-20T03:00:42Z");

/** Names without their prefix and values; the older names are compared with the newer ones and left out. */
function figures(series: readonly Series[]): Record<string, number> {
  const prefix = "stash_appscode_com_";
  const newer = series.filter(({ name }) => name.startsWith(prefix));
  const older = series.filter(({ name }) => !name.startsWith(prefix));
  expect(older.map(({ labels, value }) => ({ labels, value }))).toEqual(
    newer.map(({ labels, value }) => ({ labels, value })),
  );
  return Object.fromEntries(newer.map(({ name, value }) => [name.slice(prefix.length), value]));
}

function session(status: BackupSessionStatus): BackupSession {
  return BackupSession.parse({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: "sample-1", namespace: "demo", creationTimestamp: created },
    spec: { invoker: { kind: "BackupConfiguration", name: "sample" } },
    status,
  });
}

describe("a backup session", () => {
  const good: BackupSessionStatus = { phase: "Succeeded", sessionDuration: "42.5s", targets: [{}] };
  const end = Date.parse(created) / 1000 + 42.5;

  test.each([
    [
      "that succeeded",
      good,
      { success: 1, duration_seconds: 42.5, target_count_total: 1, last_success_time_seconds: end },
    ],
    [
      "that failed: all figures are new, and the last success stays",
      { ...good, phase: "Failed" },
      {
        success: 0,
        duration_seconds: 42.5,
        target_count_total: 1,
        last_success_time_seconds: lastSuccess.getTime() / 1000,
      },
    ],
    [
      "that failed before it had targets",
      { phase: "Failed", sessionDuration: "1s" },
      {
        success: 0,
        duration_seconds: 1,
        target_count_total: 0,
        last_success_time_seconds: lastSuccess.getTime() / 1000,
      },
    ],
    ["that was skipped", { phase: "Skipped", sessionDuration: "0s" }, {}],
    ["that still runs", { ...good, phase: "Running" }, {}],
    ["that has not begun", {}, {}],
  ] satisfies [string, BackupSessionStatus, object][])("%s", (_title, status, expected) => {
    const found = figures(sessionSeries(session(status), { invoker, lastSuccess }));
    expect(found).toEqual(
      Object.fromEntries(Object.entries(expected).map(([name, value]) => [`backupsession_${name}`, value])),
    );
  });

  test("says nothing of a last success that is not known", () => {
    const found = figures(sessionSeries(session({ ...good, phase: "Failed" }), { invoker }));
    expect(found).not.toHaveProperty("backupsession_last_success_time_seconds");
  });

  test("is labelled as in Stash", () => {
    expect(sessionSeries(session(good), { invoker })[0]?.labels).toEqual({
      invoker_kind: "BackupConfiguration",
      invoker_name: "sample",
      namespace: "demo",
      driver: "Restic",
      repository: "gcs-repo",
    });
  });
});

test.each([
  ["Succeeded", { success: 1, host_count_total: 1, last_success_time_seconds: 100 }],
  ["Failed", { success: 0, host_count_total: 1, last_success_time_seconds: lastSuccess.getTime() / 1000 }],
] as const)("a target that is %s", (phase, expected) => {
  const facts = { invoker, target, lastSuccess, ended: new Date(100_000) };
  const found = figures(targetSeries({ phase, totalHosts: 1 }, facts));
  expect(found).toEqual(
    Object.fromEntries(Object.entries(expected).map(([name, value]) => [`backupsession_target_${name}`, value])),
  );
});

describe("a host", () => {
  const stats: HostBackupStats = {
    hostname: "far",
    phase: "Succeeded",
    duration: "1m1.5s",
    snapshots: [
      {
        name: "1a2b",
        totalSize: "1.382 KiB",
        uploaded: "100 B",
        processingTime: "1:07",
        fileStats: { totalFiles: 5, newFiles: 2, modifiedFiles: 1, unmodifiedFiles: 2 },
      },
    ],
  };

  test("that was backed up", () => {
    const series = hostSeries(stats, { invoker, target });
    expect(series[0]?.labels).toMatchObject({ ...target, hostname: "far", namespace: "demo" });
    expect(figures(series)).toEqual({
      backupsession_host_backup_success: 1,
      backupsession_host_backup_duration_seconds: 61.5,
      backupsession_host_data_size_bytes: 1415,
      backupsession_host_data_uploaded_bytes: 100,
      backupsession_host_data_processing_time_seconds: 67,
      backupsession_host_files_total: 5,
      backupsession_host_files_new: 2,
      backupsession_host_files_modified: 1,
      backupsession_host_files_unmodified: 2,
    });
  });

  test("that failed leaves no figure of an older session", () => {
    const series = hostSeries({ phase: "Failed", duration: "3s", error: "no" }, { invoker, target });
    const good = figures(hostSeries(stats, { invoker, target }));
    const zeros = Object.fromEntries(Object.keys(good).map((name) => [name, 0]));
    expect(figures(series)).toEqual({ ...zeros, backupsession_host_backup_duration_seconds: 3 });
    expect(series[0]?.labels["hostname"]).toBe("host-0");
  });
});

describe("a repository", () => {
  const repository = (backend: object, status: object) =>
    Repository.parse({
      apiVersion: "stash.appscode.com/v1alpha1",
      kind: "Repository",
      metadata: { name: "shared", namespace: "backups" },
      spec: { backend },
      status,
    });

  test("that is whole, and one that is not", () => {
    const status = { integrity: true, totalSize: "2.000 GiB", snapshotCount: 7, snapshotsRemovedOnLastCleanup: 1 };
    expect(figures(repositorySeries(repository({ s3: { endpoint: "e", bucket: "b" } }, status), invoker))).toEqual({
      repository_integrity: 1,
      repository_size_bytes: 2 ** 31,
      repository_snapshot_count: 7,
      repository_snapshot_cleaned: 1,
    });
    expect(figures(repositorySeries(repository({}, { integrity: false }), invoker))).toEqual({
      repository_integrity: 0,
    });
  });

  test.each([
    [{ s3: { endpoint: "e", bucket: "b", prefix: "a/b" } }, { backend: "s3", bucket: "b", prefix: "a/b" }],
    [{ s3: { endpoint: "e", bucket: "b" } }, { backend: "s3", bucket: "b" }],
    [{ azure: { container: "c", prefix: "p" } }, { backend: "azure", bucket: "c", prefix: "p" }],
    [{ local: { mountPath: "/safe", subPath: "x" } }, { backend: "local", bucket: "/safe" }],
    [{ rest: { url: "http://u:p@rest:8000/demo/" } }, { backend: "rest", bucket: "rest:8000", prefix: "/demo/" }],
    [{}, { backend: "" }],
  ])("lies in %j", (backend, place) => {
    const [first] = repositorySeries(repository(backend, { snapshotCount: 1 }), invoker);
    expect(first?.labels).toEqual({
      ...{ invoker_kind: "BackupConfiguration", invoker_name: "sample", driver: "Restic", repository: "gcs-repo" },
      ...{ name: "shared", namespace: "backups", ...place },
    });
  });
});

describe("a restore session", () => {
  const restore = (status: RestoreSessionStatus) =>
    RestoreSession.parse({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "RestoreSession",
      metadata: { name: "back", namespace: "demo", creationTimestamp: created },
      spec: {},
      status,
    });
  const of = { invoker: { ...invoker, kind: "RestoreSession", name: "back" }, target };
  const host = { hostname: "host-0", phase: "Succeeded", duration: "5s" } as const;

  test.each([
    ["Succeeded", host, { session: 1, host: 1 }],
    ["Failed", { ...host, phase: "Failed" }, { session: 0, host: 0 }],
  ] as const)("that is %s says so", (phase, stats, success) => {
    const status = { phase, sessionDuration: "7s", totalHosts: 1, stats: [stats] };
    expect(figures(restoreSeries(restore(status), of))).toEqual({
      restoresession_success: success.session,
      restoresession_duration_seconds: 7,
      restoresession_target_count_total: 1,
      restoresession_target_success: success.session,
      restoresession_target_host_count_total: 1,
      restoresession_host_restore_success: success.host,
      restoresession_host_restore_duration_seconds: 5,
    });
  });

  test.each(["Pending", "Running"] as const)("that is %s says nothing", (phase) => {
    expect(restoreSeries(restore({ phase, stats: [host] }), of)).toEqual([]);
  });

  test("that was refused has failed", () => {
    expect(figures(restoreSeries(restore({ phase: "Invalid" }), of))).toMatchObject({ restoresession_success: 0 });
  });
});
