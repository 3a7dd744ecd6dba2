import { expect, test } from "vitest";
import { BackupSession } from "../api/backup-session.ts";
import { RestoreSession } from "../api/restore-session.ts";
import { backupSeries, proofSeries, restorePhaseSeries, streamSeries } from "./own-series.ts";
import type { Series } from "./table.ts";

const invoker = { kind: "BackupConfiguration", namespace: "demo", name: "sample", repository: "gcs-repo" };
const nextRun = new Date("2026-11-21T04:00:00Z");
const created = "2026-11-21T03:00:00Z";

function figures(series: readonly Series[], by?: string): Record<string, number> {
  return Object.fromEntries(
    series.map(({ name, labels, value }) => [
      name.replace("coldstream_", "") + (by ? ` ${labels[by] ?? ""}` : ""),
      value,
    ]),
  );
}

test("a configuration says when it runs next and how safe it is", () => {
  expect(
    figures(backupSeries({ invoker, isPaused: false, isReady: true, nextRun, lastSuccess: new Date(5000) })),
  ).toEqual({
    backup_paused: 0,
    backup_ready: 1,
    backup_next_run_time_seconds: nextRun.getTime() / 1000,
    backup_last_success_time_seconds: 5,
  });
});

test.each([
  [true, 1],
  [false, 0],
])("a proof says when it was made, and that it held: %s", (isProven, shown) => {
  expect(figures(proofSeries({ time: "1970-01-01T00:00:07.000Z", isProven }, invoker))).toEqual({
    backup_last_proof_time_seconds: 7,
    backup_proof_success: shown,
  });
});

test("without a proof nothing is said of one", () => {
  expect(proofSeries(undefined, invoker)).toEqual([]);
});

test("what is paused has no next run, and what is not known is not said", () => {
  expect(figures(backupSeries({ invoker, isPaused: true, isReady: false, nextRun }))).toEqual({
    backup_paused: 1,
    backup_ready: 0,
  });
});

test.each([
  [undefined, "Pending"],
  ["Running", "Running"],
  ["Skipped", "Skipped"],
  ["Failed", "Failed"],
] as const)("a session whose phase is %s is %s", (phase, shown) => {
  const session = BackupSession.parse({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: "sample-1", namespace: "demo", creationTimestamp: created },
    spec: { invoker: { kind: "BackupConfiguration", name: "sample" } },
    status: { phase },
  });
  const all = backupSeries({ invoker, isPaused: false, isReady: true, session });
  const phases = all.filter(({ name }) => name === "coldstream_backup_session_phase");
  expect(phases).toHaveLength(6);
  expect(phases.filter(({ value }) => value === 1).map(({ labels }) => labels["phase"])).toEqual([shown]);
  expect(figures(all)).toMatchObject({ backup_session_start_time_seconds: Date.parse(created) / 1000 });
});

test("a restore's phase", () => {
  const session = RestoreSession.parse({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreSession",
    metadata: { name: "back", namespace: "demo" },
    spec: {},
    status: { phase: "Invalid" },
  });
  const ones = restorePhaseSeries(session, invoker).filter(({ value }) => value === 1);
  expect(ones.map(({ labels }) => labels["phase"])).toEqual(["Invalid"]);
});

test("streams: what was saved, how well, and nothing old for one that failed", () => {
  const counts = { messages: "12", bytes: "9007199254740993", lastSequence: "15", consumers: 2 };
  const streams = [
    { stream: "A", outcome: "saved", consistency: "exact", ...counts },
    { stream: "B", outcome: "saved", consistency: "fuzzy", messages: "1" },
    { stream: "C", outcome: "failed", reason: "no", messages: "7" },
  ] as const;
  expect(figures(streamSeries(streams, invoker), "stream")).toEqual({
    "stream_saved A": 1,
    "stream_exact A": 1,
    "stream_messages A": 12,
    "stream_bytes A": 9007199254740992,
    "stream_last_sequence A": 15,
    "stream_consumers A": 2,
    "stream_saved B": 1,
    "stream_exact B": 0,
    "stream_messages B": 1,
    "stream_saved C": 0,
    "stream_exact C": 0,
    "stream_messages C": 0,
    "stream_bytes C": 0,
    "stream_last_sequence C": 0,
    "stream_consumers C": 0,
  });
});
