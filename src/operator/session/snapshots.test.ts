import { expect, test } from "vitest";
import { Repository } from "../../api/repository.ts";
import type { ReportedSnapshot } from "../../api/session-report.ts";
import { Snapshot } from "../../api/snapshot.ts";
import { snapshotChanges } from "./snapshots.ts";

const repository = Repository.parse({
  apiVersion: "stash.appscode.com/v1alpha1",
  kind: "Repository",
  metadata: { name: "gcs-repo", namespace: "demo", uid: "u1", labels: { team: "shop" } },
});

function reported(id: string): ReportedSnapshot {
  return {
    id: id.repeat(8),
    tree: "t",
    time: "2026-11-21T03:00:00.123456789+01:00",
    hostname: "host-0",
    username: "root",
    uid: 0,
    paths: ["/stash-interim-volume/data"],
    tags: [],
  };
}

/** As the server gives it. */
function stored(draft: object): Snapshot {
  return Snapshot.parse({ apiVersion: "repositories.stash.appscode.com/v1alpha1", kind: "Snapshot", ...draft });
}

const [first] = snapshotChanges(repository, [reported("4bc21d6f")], []).make;
const known = stored(first ?? {});

test("a Snapshot is what kubectl shows of it", () => {
  expect(first).toMatchObject({
    metadata: {
      name: "gcs-repo-4bc21d6f",
      namespace: "demo",
      labels: { team: "shop", repository: "gcs-repo", hostname: "host-0" },
      ownerReferences: [{ kind: "Repository", name: "gcs-repo", uid: "u1", controller: true }],
    },
    status: { id: "4bc21d6f", snapshotID: "4bc21d6f".repeat(8), time: "2026-11-21T02:00:00Z", repository: "gcs-repo" },
  });
});

const other = stored({
  ...known,
  metadata: {
    ...known.metadata,
    ownerReferences: [{ apiVersion: "a", kind: "Repository", name: "b", uid: "u2", controller: true }],
  },
});

test.each([
  ["a new one is made", ["4bc21d6f", "aaaaaaaa"], [known], { make: 1, change: 0, remove: 0 }],
  ["what is alike is left", ["4bc21d6f"], [known], { make: 0, change: 0, remove: 0 }],
  [
    "one that differs is changed",
    ["4bc21d6f"],
    [stored({ ...known, status: { id: "x" } })],
    { make: 0, change: 1, remove: 0 },
  ],
  ["a forgotten one goes", [], [known], { make: 0, change: 0, remove: 1 }],
  ["another Repository's stays", [], [other], { make: 0, change: 0, remove: 0 }],
  ["another Repository's name is not taken", ["4bc21d6f"], [other], { make: 0, change: 0, remove: 0 }],
])("%s", (_title, ids, before, counts) => {
  const { make, change, remove } = snapshotChanges(repository, ids.map(reported), before);
  expect({ make: make.length, change: change.length, remove: remove.length }).toEqual(counts);
});

test("a host that cannot be a label is left out of them", () => {
  const [draft] = snapshotChanges(repository, [{ ...reported("4bc21d6f"), hostname: "a b" }], []).make;
  expect(draft?.metadata["labels"]).not.toHaveProperty("hostname");
});
