import { describe, expect, test } from "vitest";
import { Repository } from "../../api/repository.ts";
import { RestoreSession } from "../../api/restore-session.ts";
import { check, type Needs, recheckAfterMs } from "./check.ts";

const ref = { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "sample-nats" };

function session(spec: object = {}, status?: object): RestoreSession {
  return RestoreSession.parse({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreSession",
    metadata: { name: "back", namespace: "demo" },
    spec: { repository: { name: "store" }, target: { ref }, ...spec },
    status,
  });
}

const repository = Repository.parse({
  apiVersion: "stash.appscode.com/v1alpha1",
  kind: "Repository",
  metadata: { name: "store", namespace: "demo" },
  spec: { backend: { s3: { endpoint: "http://minio", bucket: "b" }, storageSecretName: "keys" } },
});

function checked(changes: Partial<Needs>) {
  return check({
    session: session(),
    repositoryKey: { namespace: "demo", name: "store" },
    repository,
    secret: { state: "found", keys: ["RESTIC_PASSWORD"] },
    referrer: { namespace: "demo", labels: {} },
    targetKey: { namespace: "demo", name: "sample-nats" },
    isTargetThere: true,
    taskMistake: undefined,
    ...changes,
  });
}

const rule = { snapshots: ["latest"] };

describe("a restore", () => {
  test("that may run has found all it needs", () => {
    const { findings, isFit } = checked({});
    expect(isFit).toBe(true);
    expect(findings.map(({ type, status }) => `${type} ${status}`)).toEqual([
      "RepositoryFound True",
      "BackendSecretFound True",
      "ValidationPassed True",
      "RestoreTargetFound True",
    ]);
  });

  test.each([
    ["names no Repository", { repositoryKey: undefined }, "RepositoryFound False: spec.repository is missing"],
    [
      "misses its Repository",
      { repository: undefined },
      "RepositoryFound False: Repository demo/store does not exist: create it",
    ],
    [
      "misses the Secret",
      { secret: { state: "missing" } as const },
      "BackendSecretFound False: Secret demo/keys does not exist: create it",
    ],
    [
      "may not use the Repository",
      { referrer: { namespace: "shop", labels: {} } },
      "ValidationPassed False: Repository demo/store may not be used from namespace shop",
    ],
    [
      "misses its target",
      { isTargetThere: false },
      "RestoreTargetFound False: AppBinding demo/sample-nats does not exist: create it",
    ],
    [
      "has no usable Task",
      { taskMistake: "Task nats-restore-1 does not exist." },
      "ValidationPassed False: Task nats-restore-1 does not exist.",
    ],
    [
      "has two rules for all",
      { session: session({ rules: [rule, rule] }) },
      "ValidationPassed False: spec.rules: 2 rules are without targetHosts",
    ],
    [
      "has two rules for one host",
      { session: session({ target: { ref, rules: [{ targetHosts: ["a"] }, { targetHosts: ["a"] }] } }) },
      "the host a is in more than one rule",
    ],
    [
      "has a rule with snapshots and paths",
      { session: session({ rules: [{ ...rule, paths: ["/a"] }] }) },
      "spec.rules[0] has both snapshots and paths",
    ],
    [
      "has no target",
      { session: session({ target: {} }), targetKey: undefined },
      "ValidationPassed False: spec.target.ref is missing",
    ],
    [
      "has another target",
      { session: session({ target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "a" } } }) },
      "names a Deployment (apps/v1)",
    ],
    [
      "has another driver",
      { session: session({ driver: "VolumeSnapshotter" }) },
      "spec.driver VolumeSnapshotter is not possible",
    ],
  ])("that %s does not run, and says what to do", (_title, changes, text) => {
    const { findings, isFit } = checked(changes);
    expect(isFit).toBe(false);
    expect(findings.map(({ type, status, message }) => `${type} ${status}: ${message}`).join("\n")).toContain(text);
  });

  test("whose mistake was mended says so while it waits for something else", () => {
    const conditions = [{ type: "ValidationPassed", status: "False", lastTransitionTime: "2026-11-21T03:00:00Z" }];
    const { findings } = checked({ session: session({}, { conditions }), repository: undefined });
    expect(findings.map(({ type, status }) => `${type} ${status}`)).toEqual([
      "ValidationPassed True",
      "RepositoryFound False",
    ]);
  });

  test.each([
    ["soon after a change", "2026-11-21T03:00:00Z", 5000],
    ["later when nothing happens", "2026-11-21T02:59:20Z", 20_000],
    ["every minute in the end", "2026-11-20T03:00:00Z", 60_000],
  ])("that waits is looked at %s", (_title, lastTransitionTime, milliseconds) => {
    const conditions = [{ type: "RepositoryFound", status: "False", lastTransitionTime }];
    expect(recheckAfterMs(session({}, { conditions }), new Date("2026-11-21T03:00:00Z"))).toBe(milliseconds);
  });
});
