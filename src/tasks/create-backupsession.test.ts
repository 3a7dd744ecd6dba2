import { describe, expect, test } from "vitest";
import { BackupConfiguration } from "../api/backup-configuration.ts";
import { sessionDraft, slotOf } from "./create-backupsession.ts";

const now = new Date("2026-11-21T03:00:07Z");

test.each([
  ["the minute in a CronJob's Job", "stash-trigger-sample-nats-backup-29388660", "2025-11-16T19:00:00.000Z"],
  ["now for a Job made by hand", "by-hand", now.toISOString()],
  ["now for one with another number", "by-hand-7", now.toISOString()],
  ["now without a name", undefined, now.toISOString()],
])("the slot is %s", (_title, name, slot) => expect(slotOf(name, now).toISOString()).toBe(slot));

const configuration = BackupConfiguration.parse({
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupConfiguration",
  metadata: { name: "sample-nats-backup", namespace: "demo", uid: "u-1", labels: { team: "a" } },
  spec: {
    schedule: "*/5 * * * *",
    repository: { name: "gcs-repo" },
    target: { ref: { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "sample-nats" } },
    retentionPolicy: { name: "keep", keepLast: 5, prune: true },
    retryConfig: { maxRetry: 2 },
  },
});

describe("the session of a slot", () => {
  const draft = sessionDraft(configuration, now);
  test("is named by invoker and slot", () => expect(draft.metadata.name).toBe("sample-nats-backup-1795230007"));
  test("belongs to its invoker", () =>
    expect(draft.metadata["ownerReferences"]).toEqual([
      expect.objectContaining({
        kind: "BackupConfiguration",
        name: "sample-nats-backup",
        uid: "u-1",
        controller: true,
      }),
    ]));
  test("says whose it is, with the namespace of the target filled in", () =>
    expect(draft.metadata["labels"]).toEqual({
      team: "a",
      "app.kubernetes.io/managed-by": "stash.appscode.com",
      "app.kubernetes.io/component": "stash-backup",
      "stash.appscode.com/invoker-type": "BackupConfiguration",
      "stash.appscode.com/invoker-name": "sample-nats-backup",
      "stash.appscode.com/target-kind": "AppBinding",
      "stash.appscode.com/target-name": "sample-nats",
      "stash.appscode.com/target-namespace": "demo",
    }));
  test("may be tried again", () =>
    expect(draft["spec"]).toEqual({
      invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: "sample-nats-backup" },
      retryLeft: 2,
    }));
});
