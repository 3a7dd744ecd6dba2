import { expect, test } from "vitest";
import { apiVersionOf, isKind, type Kind, type KindEntry, kinds } from "./kinds.ts";

/** What users type and see: plural, short names, categories, scope, whether there is a status subresource, columns. */
const stash: Readonly<Record<Kind, string>> = {
  Repository:
    "stash.appscode.com/v1alpha1 repositories repo stash,appscode Namespaced status | Integrity .status.integrity boolean; Size .status.totalSize string; Snapshot-Count .status.snapshotCount integer; Last-Successful-Backup .status.lastBackupTime date date-time; Age .metadata.creationTimestamp date",
  BackupConfiguration:
    "stash.appscode.com/v1beta1 backupconfigurations bc stash,appscode,all Namespaced status | Task .spec.task.name string; Schedule .spec.schedule string; Paused .spec.paused boolean; Phase .status.phase string; Age .metadata.creationTimestamp date",
  BackupSession:
    "stash.appscode.com/v1beta1 backupsessions - stash,appscode,all Namespaced status | Invoker-Type .spec.invoker.kind string; Invoker-Name .spec.invoker.name string; Phase .status.phase string; Duration .status.sessionDuration string; Age .metadata.creationTimestamp date",
  RestoreSession:
    "stash.appscode.com/v1beta1 restoresessions restore stash,appscode,all Namespaced status | Repository .spec.repository.name string; Phase .status.phase string; Duration .status.sessionDuration string; Age .metadata.creationTimestamp date",
  BackupBatch:
    "stash.appscode.com/v1beta1 backupbatches - stash,appscode,all Namespaced status | Schedule .spec.schedule string; Paused .spec.paused boolean; Phase .status.phase string; Age .metadata.creationTimestamp date",
  RestoreBatch:
    "stash.appscode.com/v1beta1 restorebatches - stash,appscode,all Namespaced status | Repository .spec.repository.name string; Phase .status.phase string; Duration .status.sessionDuration string; Age .metadata.creationTimestamp date",
  Task: "stash.appscode.com/v1beta1 tasks task stash,appscode Cluster - | Age .metadata.creationTimestamp date",
  Function: "stash.appscode.com/v1beta1 functions fn stash,appscode Cluster - | Age .metadata.creationTimestamp date",
  BackupBlueprint:
    "stash.appscode.com/v1beta1 backupblueprints bb stash,appscode Cluster - | Task .spec.task.name string; Schedule .spec.schedule string; Age .metadata.creationTimestamp date",
  AppBinding:
    "appcatalog.appscode.com/v1alpha1 appbindings appbinding catalog,appscode,all Namespaced - | Type .spec.type string; Version .spec.version string; Age .metadata.creationTimestamp date",
  Snapshot:
    "repositories.stash.appscode.com/v1alpha1 snapshots - storage,appscode,all Namespaced - | ID .status.id string; Repository .status.repository string; Hostname .status.hostname string; Created At .status.time string",
};

test.each(Object.keys(stash) as Kind[])("%s looks as in Stash", (kind) => expect(told(kind)).toBe(stash[kind]));

test("no other kind is known", () => {
  expect(Object.keys(kinds).sort()).toEqual(Object.keys(stash).sort());
  expect(["Restic", "toString", undefined].map(isKind)).toEqual([false, false, false]);
});

function told(kind: Kind): string {
  const { plural, shortNames, categories, scope, statusSubresource, columns }: KindEntry = kinds[kind];
  const head = [apiVersionOf(kind), plural, shortNames.join(",") || "-", categories.join(","), scope];
  const tail = columns.map(({ name, jsonPath, type, format }) =>
    [name, jsonPath, type, format].filter(Boolean).join(" "),
  );
  return `${head.join(" ")} ${statusSubresource ? "status" : "-"} | ${tail.join("; ")}`;
}
