import { describe, expect, test } from "vitest";
import { Repository } from "../../api/repository.ts";
import { repositoryFound, repositoryMistake, secretFound } from "./backend.ts";

const s3 = { endpoint: "http://minio.storage.svc:9000", bucket: "backups" };

function repository(backend: object, metadata: object = {}, spec: object = {}): Repository {
  return Repository.parse({
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { namespace: "demo", name: "store", ...metadata },
    spec: { backend, ...spec },
  });
}

const key = { namespace: "demo", name: "store" };

describe("RepositoryFound", () => {
  test.each([
    ["there", repository({ s3 }), "True", "Repository demo/store exists."],
    ["missing", undefined, "False", "Repository demo/store does not exist: create it, or correct spec.repository."],
    [
      "being deleted",
      repository({ s3 }, { deletionTimestamp: "2026-11-21T03:00:00Z" }),
      "False",
      "Repository demo/store is being deleted.",
    ],
  ])("%s", (_title, given, status, message) => {
    expect(repositoryFound(given, key)).toMatchObject({ status, message });
  });
});

describe("BackendSecretFound", () => {
  const named = repository({ s3, storageSecretName: "keys" });
  const b2 = repository({ b2: { bucket: "backups" }, storageSecretName: "keys" });

  test.each([
    ["there", named, { state: "found", keys: ["RESTIC_PASSWORD"] }, "True", "Secret demo/keys exists."],
    [
      "missing",
      named,
      { state: "missing" },
      "False",
      "Secret demo/keys does not exist: create it with RESTIC_PASSWORD and the backend's keys.",
    ],
    [
      "unreadable",
      named,
      { state: "unknown", why: "forbidden" },
      "Unknown",
      "Secret demo/keys could not be read: forbidden.",
    ],
    [
      "without the password",
      named,
      { state: "found", keys: ["PASSWORD"] },
      "False",
      "Secret demo/keys has no RESTIC_PASSWORD: add the missing key to it.",
    ],
    [
      "without the backend's keys",
      b2,
      { state: "found", keys: ["RESTIC_PASSWORD"] },
      "False",
      "Secret demo/keys has no B2_ACCOUNT_ID, B2_ACCOUNT_KEY: add the missing keys to it.",
    ],
    [
      "not named",
      repository({ s3 }),
      undefined,
      "False",
      "Repository demo/store names no Secret: set its spec.backend.storageSecretName.",
    ],
  ] as const)("%s", (_title, given, secret, status, message) => {
    expect(secretFound(given, secret)).toMatchObject({ status, message });
  });
});

describe("a Repository that is used", () => {
  test.each([
    ["from its own namespace", repository({ s3 }), "demo", undefined],
    ["from elsewhere", repository({ s3 }), "shop", "Repository demo/store may not be used from namespace shop: it has"],
    ["without a backend", repository({}), "demo", "Repository demo/store does not say where the backups lie"],
    [
      "with two",
      repository({ s3, rest: { url: "http://rest" } }),
      "demo",
      "Repository demo/store names more than one place (s3, rest)",
    ],
  ])("%s", (_title, given, namespace, mistake) => {
    const found = repositoryMistake(given, { namespace, labels: {} });
    if (mistake === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(mistake);
  });
});
