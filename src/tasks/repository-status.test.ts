import { expect, test } from "vitest";
import type { Snapshot } from "../repository/restic.ts";
import { repositoryStatus } from "./repository-status.ts";

const created = new Date("2026-11-21T03:00:00.4Z");
const time = "2026-11-21T03:00:00Z";
const old = { firstBackupTime: "2026-01-01T00:00:00Z", lastBackupTime: "2026-11-20T03:00:00Z", integrity: true };
const found = { snapshots: [{}, {}] as Snapshot[], removed: 1, integrity: true, totalBytes: 1415n };

test.each([
  [
    "of a first backup",
    undefined,
    found,
    {
      ...{ snapshotCount: 2, integrity: true, snapshotsRemovedOnLastCleanup: 1, totalSize: "1.382 KiB" },
      ...{ lastBackupTime: time, firstBackupTime: time },
    },
  ],
  ["keeps the first time", old, found, { firstBackupTime: old.firstBackupTime, lastBackupTime: time }],
  [
    "of a damaged repository tells of no good backup",
    old,
    { ...found, integrity: false },
    { ...old, integrity: false },
  ],
  [
    "keeps what was not found out",
    { ...old, totalSize: "1 B" },
    { snapshots: [] },
    { integrity: true, totalSize: "1 B", snapshotCount: 0 },
  ],
  [
    "is not set back by a session that took longer",
    { lastBackupTime: "2026-11-22T03:00:00Z" },
    found,
    { lastBackupTime: "2026-11-22T03:00:00Z" },
  ],
])("the status %s", (_title, before, result, expected) => {
  const unknown = { removed: undefined, integrity: undefined, totalBytes: undefined };
  const status = repositoryStatus(before, { result: { ...unknown, ...result }, created });
  expect(status).toMatchObject(expected);
});
