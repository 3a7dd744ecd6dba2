import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { AddonParameters } from "./app-binding.ts";
import { providersOf } from "./backend.ts";
import { isKind, type Kind } from "./kinds.ts";
import { readDocument, readKind } from "./read.ts";
import { rulesOf } from "./restore-session.ts";

const folder = join(import.meta.dirname, "../../tests/fixtures/manifests");

interface Manifest {
  readonly file: string;
  readonly kind: string;
  readonly name: string;
  readonly value: unknown;
}

const manifests: readonly Manifest[] = globSync("*.yaml", { cwd: folder })
  .sort()
  .flatMap((file) =>
    parseAllDocuments(readFileSync(join(folder, file), "utf8")).map((each) => {
      const value = each.toJS();
      return { file: basename(file, ".yaml"), kind: value.kind, name: value.metadata.name, value };
    }),
  );
const ours = manifests.filter(({ kind }) => isKind(kind));

function read<K extends Kind>(kind: K, file: string, name: string) {
  const found = manifests.find((each) => each.kind === kind && each.file === file && each.name === name);
  return readKind(kind, found?.value).document;
}

describe("Stash's manifests", () => {
  test("are all there", () => {
    expect([...new Set(manifests.map(({ file }) => file))]).toEqual([
      ...["backup-customization", "basic-auth", "batches", "catalog", "helm", "jwt-auth", "nkey-auth"],
      ...["restore-customization", "settings", "tls", "token-auth"],
    ]);
    expect(new Set(manifests.map(({ kind }) => kind).filter((kind) => !isKind(kind)))).toEqual(new Set(["Secret"]));
  });
  test.each(ours)("$file: $kind $name is accepted, and nothing of it is dropped", ({ value }) => {
    const { document, unknownFields } = readDocument(value);
    expect(unknownFields).toEqual([]);
    expect(document).toMatchObject(value as object);
  });
});

describe("what is read", () => {
  test("the rules of a restore where the guides have them, at the top", () => {
    const { spec } = read("RestoreSession", "helm", "sample-nats-restore");
    expect(spec.rules).toEqual([{ snapshots: ["latest"] }]);
    expect(spec.target?.rules).toBeUndefined();
    expect(rulesOf(spec)).toEqual([{ snapshots: ["latest"] }]);
  });
  test("and in the target", () => {
    const { spec } = read("RestoreSession", "settings", "by-target");
    expect(rulesOf(spec)).toHaveLength(2);
    expect(rulesOf({ ...spec, rules: [{ snapshots: ["4bc21d6f"] }] })).toEqual([{ snapshots: ["4bc21d6f"] }]);
    expect(rulesOf({ driver: "Restic" })).toEqual([]);
  });
  test("defaults", () => {
    expect(read("BackupConfiguration", "helm", "sample-nats-backup").spec.driver).toBe("Restic");
    expect(read("BackupConfiguration", "helm", "sample-nats-backup").spec.paused).toBeUndefined();
    expect(read("BackupBatch", "batches", "both").spec.hooks?.postBackup?.executionPolicy).toBe("Always");
    expect(read("RestoreBatch", "batches", "both").spec.executionOrder).toBe("Parallel");
    expect(read("AppBinding", "basic-auth", "sample-nats").spec.secret).toEqual({
      kind: "Secret",
      name: "sample-nats-auth",
    });
    expect(read("Repository", "settings", "disk").spec.usagePolicy?.allowedNamespaces?.from).toBe("Same");
  });
  test("the Tasks that an AppBinding names", () => {
    const { parameters } = read("AppBinding", "settings", "far-nats").spec;
    expect(AddonParameters.parse(parameters).stash.addon.restoreTask?.name).toBe("nats-restore-2.8.2");
  });
  test("the provider of a Repository, with the volume of a local one", () => {
    const { backend } = read("Repository", "settings", "disk").spec;
    expect(providersOf(backend)).toEqual(["local"]);
    expect(backend?.local).toMatchObject({ subPath: "nats", nfs: { server: "nfs.storage.svc", path: "/" } });
    expect(providersOf(undefined)).toEqual([]);
  });
});
