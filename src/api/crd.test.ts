import { expect, test } from "vitest";
import { crds, hasImmutableSpec, immutableSpec } from "./crd.ts";
import type { Kind } from "./kinds.ts";

const definitions = new Map(crds().map((crd) => [crd.spec.names.kind, crd]));

function schemaOf(kind: Kind) {
  return definitions.get(kind)?.spec.versions[0]?.schema.openAPIV3Schema;
}

test("a RestoreSession's spec, and no other, cannot be changed", () => {
  const unchangeable = [...definitions.keys()].filter((kind) =>
    schemaOf(kind)?.properties?.["spec"]?.["x-kubernetes-validations"]?.includes(immutableSpec),
  );
  expect(unchangeable).toEqual(["RestoreSession"]);
  expect([...definitions.keys()].filter(hasImmutableSpec)).toEqual(unchangeable);
});

test("a spec is required where an empty one could do nothing", () => {
  const required = [...definitions.keys()].filter((kind) => schemaOf(kind)?.required?.includes("spec"));
  expect(required.sort()).toEqual([
    ...["AppBinding", "BackupBatch", "BackupBlueprint", "BackupConfiguration", "BackupSession"],
  ]);
});

test("each has one version, served and stored, with a status of its own where Stash has one", () => {
  for (const { spec } of definitions.values()) {
    expect(spec.versions).toMatchObject([{ served: true, storage: true }]);
  }
  const withStatus = [...definitions].filter(([, { spec }]) => "status" in (spec.versions[0]?.subresources ?? {}));
  expect(withStatus.map(([kind]) => kind)).toEqual([
    ...["Repository", "BackupConfiguration", "BackupSession", "RestoreSession", "BackupBatch", "RestoreBatch"],
  ]);
});

test.each<[Kind, readonly string[], unknown]>([
  ["BackupConfiguration", ["driver"], "Restic"],
  ["BackupConfiguration", ["retryConfig", "maxRetry"], 1],
  ["BackupConfiguration", ["hooks", "postBackup", "executionPolicy"], "Always"],
  ["BackupConfiguration", ["paused"], undefined],
  ["BackupConfiguration", ["backupHistoryLimit"], undefined],
  ["RestoreSession", ["hooks", "postRestore", "executionPolicy"], "Always"],
  ["Repository", ["usagePolicy", "allowedNamespaces", "from"], "Same"],
  ["Repository", ["usagePolicy", "allowedNamespaces"], undefined],
  ["AppBinding", ["secret", "kind"], "Secret"],
  ["BackupBatch", ["executionOrder"], "Parallel"],
])("the default of %s %j is Stash's", (kind, path, value) => {
  const at = path.reduce((schema, name) => schema?.properties?.[name], schemaOf(kind)?.properties?.["spec"]);
  expect(at).toBeDefined();
  expect(at?.default).toBe(value);
});
