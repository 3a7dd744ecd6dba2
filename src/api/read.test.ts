import { describe, expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { readDocument, readKind } from "./read.ts";

const retentionPolicy = { name: "a", prune: true };

function backup(spec: object): object {
  return document("BackupConfiguration", "stash.appscode.com/v1beta1", { retentionPolicy, ...spec });
}
function restore(spec?: unknown): object {
  return document("RestoreSession", "stash.appscode.com/v1beta1", spec);
}
function repository(spec?: unknown): object {
  return document("Repository", "stash.appscode.com/v1alpha1", spec);
}
function binding(spec?: unknown): object {
  return document("AppBinding", "appcatalog.appscode.com/v1alpha1", spec);
}
function document(kind: string, apiVersion: string, spec: unknown): object {
  return { apiVersion, kind, metadata: { name: "x", namespace: "demo" }, ...(spec === undefined ? {} : { spec }) };
}

/** All of these were put to an API server with our definitions, which takes and refuses the same. */
describe("accepted", () => {
  test.each<[string, object]>([
    ["the least", backup({})],
    ["a RestoreSession of nothing", restore()],
    ["a Repository of nothing", repository()],
    ["an AppBinding without an address", binding({ clientConfig: {} })],
    ["any parameters", binding({ clientConfig: {}, parameters: { a: { b: [1, null, "x"] }, c: null } })],
    ["null for a field that may be missing", backup({ paused: null, driver: null, target: null })],
    ["null for a value of a map", backup({ runtimeSettings: { pod: { podAnnotations: { a: null } } } })],
    ["an amount as a number", backup({ runtimeSettings: { container: { resources: { limits: { cpu: 1 } } } } })],
    ["the same variable twice", backup({ runtimeSettings: { container: { env: [{ name: "a" }, { name: "a" }] } } })],
    ["a negative count", backup({ retentionPolicy: { ...retentionPolicy, keepLast: -5 } })],
    ["a hook without a handler", backup({ hooks: { postBackup: {} } })],
    ["no duration", backup({ timeOut: "0" })],
    ["wipeOut with s3", repository({ wipeOut: true, backend: { s3: { endpoint: "a", bucket: "b" } } })],
    ["a folder that begins like ours", repository({ backend: { local: { mountPath: "/stash-a" } } })],
    ["no provider, or two", repository({ backend: { rest: {}, gcs: { bucket: "a" } } })],
  ])("%s", (_title, value) => expect(readDocument(value).unknownFields).toEqual([]));

  test("null is as good as nothing", () => {
    const spec = { driver: "Restic", retentionPolicy, runtimeSettings: { pod: { podAnnotations: {} } } };
    const given = backup({ paused: null, driver: null, runtimeSettings: { pod: { podAnnotations: { a: null } } } });
    expect(readKind("BackupConfiguration", given).document.spec).toEqual(spec);
  });
  test("with unknown fields, which are dropped and named", () => {
    const { document, unknownFields } = readKind(
      "BackupConfiguration",
      backup({ shedule: "x", task: { params: [{ name: "a", value: "b", c: 1 }] } }),
    );
    expect(unknownFields).toEqual(["spec.shedule", "spec.task.params[0].c"]);
    expect(document.spec).toEqual({ driver: "Restic", retentionPolicy, task: { params: [{ name: "a", value: "b" }] } });
  });
  test("with whatever metadata the API server has written", () => {
    const value = {
      ...restore({}),
      metadata: { name: "x", managedFields: [{ manager: "kubectl" }], creationTimestamp: null },
    };
    expect(readDocument(value).document.metadata).toEqual(value.metadata);
  });
});

const days = "must be a duration such as 90s, 30m or 2h45m (there are no days)";

describe("refused with one sentence", () => {
  test.each<[object, string]>([
    [backup({ driver: "Tar" }), `spec.driver must be Restic or VolumeSnapshotter, not "Tar"`],
    [backup({ retentionPolicy: undefined }), "spec.retentionPolicy is missing"],
    [backup({ retentionPolicy: { name: "a", prune: null } }), "spec.retentionPolicy.prune is missing"],
    [backup({ timeOut: "1d" }), `spec.timeOut ${days}, not "1d"`],
    [backup({ retryConfig: { delay: "" } }), `spec.retryConfig.delay ${days}, not ""`],
    [backup({ timeOut: "1h".repeat(40) }), "spec.timeOut is longer than 64 characters"],
    [backup({ backupHistoryLimit: 1.5 }), "spec.backupHistoryLimit must be a whole number, not 1.5"],
    [backup({ backupHistoryLimit: "3" }), `spec.backupHistoryLimit must be a number, not "3" (leave out the quotes)`],
    [backup({ paused: "true" }), `spec.paused must be true or false, not "true" (leave out the quotes)`],
    [backup({ paused: "yes" }), `spec.paused must be true or false, not "yes"`],
    [
      backup({ task: { params: [{ name: "a", value: true }] } }),
      "spec.task.params[0].value must be a text, not true (put it in quotes)",
    ],
    [backup({ task: { params: { a: "b" } } }), "spec.task.params must be a list, not an object"],
    [backup({ task: "name:nats-backup-2.6.1" }), `spec.task must be an object, not "name:nats-backup-2.6.1"`],
    [
      backup({ tempDir: { sizeLimit: "2 Gi" } }),
      `spec.tempDir.sizeLimit must be an amount such as 1Gi, 500M or 200m, not "2 Gi"`,
    ],
    [
      backup({ runtimeSettings: { container: { resources: { limits: { cpu: 0.5 } } } } }),
      "spec.runtimeSettings.container.resources.limits.cpu must be a whole number or a text, not 0.5",
    ],
    [
      backup({ runtimeSettings: { pod: { tolerations: [null] } } }),
      "spec.runtimeSettings.pod.tolerations[0] must be an object, not null",
    ],
    [
      backup({ hooks: { postBackup: { executionPolicy: "Never" } } }),
      `spec.hooks.postBackup.executionPolicy must be Always, OnFailure, OnSuccess or OnFinalRetryFailure, not "Never"`,
    ],
    [backup({ hooks: { preBackup: { httpGet: { path: "/" } } } }), "spec.hooks.preBackup.httpGet.port is missing"],
    [
      backup({ interimVolumeTemplate: { spec: { accessModes: "ReadWriteOnce" } } }),
      `spec.interimVolumeTemplate.spec.accessModes must be a list, not "ReadWriteOnce"`,
    ],
    [backup({ driver: "Tar", paused: 1, timeOut: "x" }), `spec.timeOut ${days}, not "x" (and 2 more)`],
    [restore({ rules: [{ snapshots: "latest" }] }), `spec.rules[0].snapshots must be a list, not "latest"`],
    [
      repository({ wipeOut: true, backend: { b2: { bucket: "a" } } }),
      "wipeOut cannot be used with the backends local and b2",
    ],
    [
      repository({ backend: { local: { mountPath: "/stash/a" } } }),
      `spec.backend.local.mountPath must not be /stash or a folder in it, not "/stash/a"`,
    ],
    [repository({ backend: { s3: { bucket: "a" } } }), "spec.backend.s3.endpoint is missing"],
    [
      repository({ usagePolicy: { allowedNamespaces: { from: "None" } } }),
      `spec.usagePolicy.allowedNamespaces.from must be All, Selector or Same, not "None"`,
    ],
    [binding(), "spec is missing"],
    [
      binding({ clientConfig: { caBundle: "YWJj\n" } }),
      String.raw`spec.clientConfig.caBundle must be base64 on one line, not "YWJj\n"`,
    ],
    [
      binding({ clientConfig: { service: { name: "a", scheme: "nats" } } }),
      "spec.clientConfig.service.port is missing",
    ],
    [binding({ clientConfig: {}, parameters: [] }), "spec.parameters must be an object, not a list"],
    [
      { ...restore(), status: { sessionDeadline: "soon" } },
      `status.sessionDeadline must be a time such as 2026-11-21T03:00:00Z, not "soon"`,
    ],
    [{ ...restore(), apiVersion: "v1" }, `apiVersion must be stash.appscode.com/v1beta1, not "v1"`],
  ])("%j", (value, sentence) => {
    const failure = failureOf(() => readDocument(value));
    expect(failure.code).toBe("configuration-invalid");
    expect(failure.message).toBe(`${(value as { kind: string }).kind} demo/x: ${sentence}`);
  });

  test.each<[unknown, string]>([
    [{ kind: "Restic" }, `reading an object: its kind is "Restic"`],
    [{}, "reading an object: its kind is missing"],
    ["text", "reading an object: its kind is missing"],
    [{ kind: "Task", apiVersion: "stash.appscode.com/v1beta1" }, "Task: metadata is missing"],
  ])("%j", (value, sentence) => expect(failureOf(() => readDocument(value)).message).toBe(sentence));

  test("all others are in the details", () => {
    const { details } = failureOf(() => readDocument(backup({ driver: "Tar", paused: 1 })));
    expect(details["mistakes"]).toHaveLength(2);
  });
});

function failureOf(run: () => unknown): Failure {
  try {
    run();
  } catch (error) {
    if (Failure.is(error)) return error;
    throw error;
  }
  throw new Error("it was accepted");
}
