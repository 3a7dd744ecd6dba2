import { describe, expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import type { BackupReport, StreamReport } from "../vault/backup.ts";
import type { SnapshotEntry } from "../vault/catalog.ts";
import type { RestoredStream } from "../vault/restore.ts";
import { clockTime, failedResult, savedResult } from "./backup-outcome.ts";
import { restoredResult } from "./restore-outcome.ts";

const saved = (stream: string, more: object = {}): StreamReport => ({
  ...{ outcome: "saved", stream, messages: 2n, bytes: 98, firstSequence: 1n, lastSequence: 2n, consumers: 0 },
  ...{ consistency: "exact", rounds: 1, digest: "d", notes: [] },
  ...more,
});
const broken = (stream: string): StreamReport => ({
  ...{ outcome: "failed", stream },
  failure: new Failure("snapshot-aborted", `reading ${stream}`),
});
const report = (...streams: StreamReport[]): BackupReport => ({
  ...{ snapshot: "4bc21d6f".padEnd(64, "0"), shortId: "4bc21d6f", time: new Date(0), complete: true, streams },
  ...{ bytesRead: 196, bytesAdded: 500, durationMs: 1, repositoryCreated: false, notes: [] },
  stored: { files: 5, filesNew: 4, filesChanged: 0, filesUnmodified: 1, bytes: 1415, durationMs: 67_000 },
});
const facts = {
  hostname: "host-0",
  durationMs: 1500,
  path: "/stash-interim-volume/data",
  allowDegraded: [],
  notes: [],
};

describe("a backup's result", () => {
  test("is Succeeded, with Stash's figures, when all streams are saved", () => {
    const { stats, condition, streams } = savedResult(report(saved("A"), saved("B")), facts);
    expect(stats).toEqual({
      ...{ hostname: "host-0", phase: "Succeeded", duration: "1.5s" },
      snapshots: [
        {
          ...{ name: report().snapshot, path: "/stash-interim-volume/data" },
          ...{ totalSize: "1.382 KiB", uploaded: "500 B", processingTime: "1:07" },
          fileStats: { totalFiles: 5, newFiles: 4, modifiedFiles: 0, unmodifiedFiles: 1 },
        },
      ],
    });
    expect([condition.status, condition.message]).toEqual(["True", "2 streams saved in snapshot 4bc21d6f"]);
    expect(streams.map(({ outcome }) => outcome)).toEqual(["saved", "saved"]);
  });

  test.each([
    [
      "a stream failed",
      [saved("A"), broken("B")],
      {},
      "Failed",
      "False",
      /^1 of 2 streams could not be saved: B \(reading B; the server ended.*4bc21d6f, which counts as incomplete$/,
    ],
    [
      "one that may be left out failed",
      [saved("A"), broken("B")],
      { allowDegraded: ["B"] },
      "Succeeded",
      "True",
      /B was left out, as allowDegraded permits/,
    ],
    [
      "another one failed",
      [saved("A"), broken("B"), broken("C")],
      { allowDegraded: ["B"] },
      "Failed",
      "False",
      /^1 of 3 streams.*: C/,
    ],
    [
      "any may be left out",
      [saved("A"), broken("B")],
      { allowDegraded: ["true"] },
      "Succeeded",
      "True",
      /1 stream saved/,
    ],
    [
      "one changed too fast",
      [saved("A", { consistency: "fuzzy" })],
      {},
      "Succeeded",
      "True",
      /changed too fast to be of one moment: A/,
    ],
    [
      "there is something to know",
      [saved("A")],
      { notes: ["proven on nats-server 2.12"] },
      "Succeeded",
      "True",
      /proven on nats-server/,
    ],
    [
      "a proof found a difference",
      [saved("A")],
      { disproof: new Failure("not-proven", "A differs") },
      "Failed",
      "True",
      /1 stream saved/,
    ],
  ])("when %s", (_title, streams, more, phase, status, message) => {
    const { stats, condition } = savedResult(report(...streams), { ...facts, ...more });
    expect([stats.phase, condition.status]).toEqual([phase, status]);
    expect(condition.message).toMatch(message);
    expect(stats.error === undefined).toBe(phase === "Succeeded");
  });

  test("is one sentence when nothing was saved", () => {
    const { stats, condition } = failedResult(new Failure("password-wrong", "opening the repository"), facts);
    expect(stats).toEqual({ hostname: "host-0", phase: "Failed", duration: "1.5s", error: condition.message });
    expect(condition).toMatchObject({ status: "False", reason: "FailedToBackUpStreams" });
  });
});

describe("a restore's result", () => {
  const snapshot = { shortId: "4bc21d6f" } as SnapshotEntry;
  const restored = (stream: string, as = stream): RestoredStream => ({
    ...{ outcome: "restored", stream, as, messages: 2n, bytes: 98, consumers: 1, digest: "d", notes: ["a note"] },
  });
  const failed: RestoredStream = { outcome: "failed", stream: "B", failure: new Failure("timed-out", "restoring B") };
  const skipped: RestoredStream = { outcome: "skipped", stream: "C", reason: "it exists" };
  test.each([
    ["all came back", [restored("A"), restored("B", "B2")], "Succeeded", "2 streams restored from snapshot 4bc21d6f"],
    [
      "one was left alone",
      [restored("A"), skipped],
      "Succeeded",
      "1 stream restored from snapshot 4bc21d6f; left as they were: C",
    ],
    [
      "one failed",
      [restored("A"), failed],
      "Failed",
      "1 of 2 streams could not be restored: B (restoring B; check the AppBinding's clientConfig, and that the server runs); the others are whole",
    ],
  ] as const)("when %s", (_title, streams, phase, message) => {
    const { stats, condition } = restoredResult({ snapshot, streams, durationMs: 1 }, facts);
    expect([stats.phase, condition.message, stats.error]).toEqual([
      phase,
      message,
      phase === "Failed" ? message : undefined,
    ]);
  });

  test("tells of each stream what became of it", () => {
    const { streams } = restoredResult({ snapshot, streams: [restored("A", "A2"), skipped], durationMs: 1 }, facts);
    expect(streams).toEqual([
      { stream: "A", outcome: "restored", messages: "2", bytes: "98", consumers: 1, reason: "restored as A2; a note" },
      { stream: "C", outcome: "skipped", reason: "it exists" },
    ]);
  });
});

test.each([
  [0, "0:00"],
  [67_999, "1:07"],
  [3_599_000, "59:59"],
  [3_723_000, "1:02:03"],
])("%d ms are %s", (milliseconds, text) => expect(clockTime(milliseconds)).toBe(text));
