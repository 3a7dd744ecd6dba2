import { describe, expect, test } from "vitest";
import { BackupConfiguration } from "../../api/backup-configuration.ts";
import { RestoreSession } from "../../api/restore-session.ts";
import { openStore } from "../../kube/store.ts";
import { areSame, referencesTo } from "./references.ts";

const apiVersion = "stash.appscode.com/v1beta1";
const store = { namespace: "storage", name: "store" };

function backup(
  namespace: string,
  name: string,
  { repository = store, going = false }: object & { readonly repository?: object; readonly going?: boolean } = {},
) {
  return BackupConfiguration.parse({
    apiVersion,
    kind: "BackupConfiguration",
    metadata: { namespace, name, ...(going ? { deletionTimestamp: "2026-11-21T03:00:00Z" } : {}) },
    spec: { repository, retentionPolicy: { name: "five", keepLast: 5, prune: true } },
  });
}

function caches(...backups: readonly BackupConfiguration[]) {
  const backupConfigurations = openStore<BackupConfiguration>();
  const restoreSessions = openStore<RestoreSession>();
  for (const each of backups) backupConfigurations.set(each);
  const metadata = { namespace: "demo", name: "back" };
  restoreSessions.set(
    RestoreSession.parse({ apiVersion, kind: "RestoreSession", metadata, spec: { repository: store } }),
  );
  return { backupConfigurations, restoreSessions };
}

describe("references", () => {
  test("name all that use it, in one order, and none that goes or uses another", () => {
    const found = referencesTo(
      store,
      caches(
        backup("shop", "nightly"),
        backup("demo", "nightly"),
        backup("storage", "own", { repository: { name: "store" } }),
        backup("demo", "going", { going: true }),
        backup("demo", "elsewhere", { repository: { name: "store" } }),
        backup("demo", "other", { repository: { ...store, name: "other" } }),
      ),
    );
    expect(
      found.map(({ apiGroup, kind, namespace, name }) => [apiGroup, kind, `${namespace}/${name}`].join(" ")),
    ).toEqual([
      "stash.appscode.com BackupConfiguration demo/nightly",
      "stash.appscode.com BackupConfiguration shop/nightly",
      "stash.appscode.com BackupConfiguration storage/own",
      "stash.appscode.com RestoreSession demo/back",
    ]);
  });
  test("are written again when Stash left out the group", () => {
    const reference = { kind: "BackupConfiguration", namespace: "demo", name: "nightly" };
    expect(areSame([reference], [{ ...reference, apiGroup: "stash.appscode.com" }])).toBe(false);
    expect(areSame([reference], [reference])).toBe(true);
    expect(areSame(undefined, [])).toBe(true);
  });
});
