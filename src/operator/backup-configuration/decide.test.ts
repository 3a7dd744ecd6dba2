import { describe, expect, test } from "vitest";
import { AppBinding } from "../../api/app-binding.ts";
import { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { Condition } from "../../api/condition.ts";
import { Repository } from "../../api/repository.ts";
import { check, cronJobCreated, phaseOf, recheckAfterMs, statusAfter } from "./decide.ts";
import { type ConfigurationView, targetKeyOf } from "./view.ts";

const now = new Date("2026-11-21T03:00:00Z");
const ref = { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "sample-nats" };

function configuration(spec: object = {}, rest: object = {}): BackupConfiguration {
  return BackupConfiguration.parse({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata: { namespace: "demo", name: "nightly", generation: 2 },
    spec: {
      schedule: "0 3 * * *",
      repository: { name: "store" },
      target: { ref },
      retentionPolicy: { name: "five", keepLast: 5, prune: true },
      ...spec,
    },
    ...rest,
  });
}

const repository = Repository.parse({
  apiVersion: "stash.appscode.com/v1alpha1",
  kind: "Repository",
  metadata: { namespace: "demo", name: "store" },
  spec: { backend: { gcs: { bucket: "backups" }, storageSecretName: "keys" } },
});

const appBinding = AppBinding.parse({
  apiVersion: "appcatalog.appscode.com/v1alpha1",
  kind: "AppBinding",
  metadata: { namespace: "demo", name: "sample-nats" },
  spec: { clientConfig: { url: "nats://nats.demo.svc:4222" } },
});

function view(changes: Partial<ConfigurationView> = {}): ConfigurationView {
  const one = changes.configuration ?? configuration();
  return {
    configuration: one,
    key: { namespace: "demo", name: "nightly" },
    repositoryKey: { namespace: "demo", name: "store" },
    repository,
    secret: { state: "found", keys: ["RESTIC_PASSWORD"] },
    referrer: { namespace: "demo", labels: {} },
    targetKey: targetKeyOf(one),
    appBinding,
    cronJobs: [],
    triggerJobs: [],
    ...changes,
  };
}

const fine = ["RepositoryFound True", "BackendSecretFound True", "ValidationPassed True", "BackupTargetFound True"];
const asIn = (spec: object) => view({ configuration: configuration(spec) });

describe("check", () => {
  test.each<[string, ConfigurationView, string | undefined, readonly string[], boolean]>([
    ["finds all", view(), undefined, fine, true],
    ["stops without a Repository", view({ repository: undefined }), undefined, ["RepositoryFound False"], false],
    [
      "stops where none is named",
      view({ repositoryKey: undefined, repository: undefined }),
      undefined,
      ["RepositoryFound False"],
      false,
    ],
    [
      "stops without the Secret",
      view({ secret: { state: "missing" } }),
      undefined,
      ["RepositoryFound True", "BackendSecretFound False"],
      false,
    ],
    [
      "stops where the Secret cannot be read",
      view({ secret: { state: "unknown", why: "forbidden" } }),
      undefined,
      ["RepositoryFound True", "BackendSecretFound Unknown"],
      false,
    ],
    [
      "stops where the Repository refuses",
      view({ referrer: { namespace: "shop", labels: {} } }),
      undefined,
      [...fine.slice(0, 2), "ValidationPassed False", fine[3] ?? ""],
      false,
    ],
    [
      "stops at a Task that cannot be run",
      view(),
      "Task nats-backup does not exist.",
      [...fine.slice(0, 2), "ValidationPassed False", fine[3] ?? ""],
      false,
    ],
    [
      "stops without the AppBinding, whatever the Task is",
      view({ appBinding: undefined }),
      "Task nats-backup does not exist.",
      [...fine.slice(0, 3), "BackupTargetFound False"],
      false,
    ],
  ])("%s", (_title, given, taskMistake, findings, isFit) => {
    const checked = check(given, () => taskMistake);
    expect(checked.findings.map(({ type, status }) => `${type} ${status}`)).toEqual(findings);
    expect(checked.isFit).toBe(isFit);
  });

  test.each<[string, ConfigurationView, string]>([
    ["another driver", asIn({ driver: "VolumeSnapshotter" }), "spec.driver VolumeSnapshotter is not possible for NATS"],
    ["no target", asIn({ target: undefined }), "spec.target.ref is missing: name the AppBinding"],
    [
      "another kind of target",
      asIn({ target: { ref: { apiVersion: "apps/v1", kind: "StatefulSet", name: "nats" } } }),
      "spec.target.ref names a StatefulSet (apps/v1), which cannot be backed up here",
    ],
    ["a target without a name", asIn({ target: { ref: { ...ref, name: "" } } }), "spec.target.ref.name is missing"],
    ["no schedule", asIn({ schedule: undefined }), "spec.schedule is missing"],
    ["a schedule that is none", asIn({ schedule: "every day" }), 'spec.schedule: "every day" is no schedule'],
    [
      "nothing kept",
      asIn({ retentionPolicy: { name: "none", keepLast: 0, prune: true } }),
      "spec.retentionPolicy keeps nothing",
    ],
    [
      "no Repository's use",
      view({ referrer: { namespace: "shop", labels: {} } }),
      "may not be used from namespace shop",
    ],
  ])("names %s", (_title, given, sentence) => {
    const found = check(given, () => undefined).findings.find(({ type }) => type === "ValidationPassed");
    expect(found).toMatchObject({ status: "False", reason: "ResourceValidationFailed" });
    expect(found?.message).toContain(sentence);
    expect(found?.message).toMatch(/\.$/);
  });

  test.each([
    ["keepLast", { keepLast: 1 }],
    ["one of the others", { keepMonthly: 3 }],
    ["tags", { keepTags: ["release"] }],
    ["all, as restic says it", { keepDaily: -1 }],
  ])("is content with a retention policy of %s", (_title, keep) => {
    const checked = check(asIn({ retentionPolicy: { name: "some", prune: true, ...keep } }), () => undefined);
    expect(checked.isFit).toBe(true);
  });

  test("lets rights in the Repository's namespace stand only while it may be used", () => {
    const may = (given: ConfigurationView) => check(given, () => undefined).mayUseRepository;
    expect(may(view())).toBe(true);
    expect(may(view({ secret: { state: "missing" } }))).toBe(true);
    expect(may(view({ referrer: { namespace: "shop", labels: {} } }))).toBe(false);
    expect(may(view({ repository: undefined }))).toBe(false);
  });
});

describe("the phase", () => {
  const conditions = (...texts: readonly string[]): readonly Condition[] =>
    texts.map((text) => {
      const [type = "", status = ""] = text.split(" ");
      return { type, status, lastTransitionTime: "2026-11-21T03:00:00Z" };
    });
  const all = conditions(...fine, "CronJobCreated True");
  const but = (text: string) => [...all.filter(({ type }) => type !== text.split(" ")[0]), ...conditions(text)];

  test.each<[string, readonly Condition[], string]>([
    ["all well", all, "Ready"],
    ["nothing known", [], "NotReady"],
    ["no Repository", but("RepositoryFound False"), "NotReady"],
    ["Repository unknown", but("RepositoryFound Unknown"), "NotReady"],
    ["no Secret", but("BackendSecretFound False"), "NotReady"],
    ["not valid", but("ValidationPassed False"), "Invalid"],
    [
      "not valid and no Repository",
      [...but("ValidationPassed False"), ...conditions("RepositoryFound False")].toReversed(),
      "NotReady",
    ],
    ["no CronJob", but("CronJobCreated False"), "NotReady"],
    ["no target", but("BackupTargetFound False"), "NotReady"],
  ])("%s", (_title, given, phase) => expect(phaseOf(given)).toBe(phase));
});

describe("the status", () => {
  const { findings } = check(view(), () => undefined);
  const news = [...findings, cronJobCreated("stash-trigger-nightly", undefined)];

  test("is written when something is new, and not again", () => {
    const status = statusAfter(configuration(), news, now);
    expect(status).toMatchObject({ phase: "Ready", observedGeneration: 2 });
    expect(status?.conditions?.every(({ lastTransitionTime }) => lastTransitionTime === "2026-11-21T03:00:00Z")).toBe(
      true,
    );
    expect(statusAfter(configuration({}, { status }), news, new Date("2026-11-21T04:00:00Z"))).toBeUndefined();
  });
  test("says which generation was looked at", () => {
    const status = statusAfter(configuration(), news, now);
    const changed = { ...configuration({}, { status }), metadata: { generation: 3 } };
    expect(statusAfter(changed, news, now)).toMatchObject({ phase: "Ready", observedGeneration: 3 });
  });
  test("keeps what others wrote", () => {
    const foreign = { type: "Theirs", status: "True", lastTransitionTime: "2026-11-21T01:00:00Z" };
    const status = statusAfter(configuration({}, { status: { conditions: [foreign] } }), news, now);
    expect(status?.conditions).toContainEqual(foreign);
  });
  test.each([
    ["at once after a mistake", "02:59:59", "NotReady", 10_000],
    ["later when it stays", "02:59:00", "NotReady", 30_000],
    ["once a minute in the end", "01:00:00", "Invalid", 60_000],
    ["seldom when all is well", "02:59:59", "Ready", 600_000],
  ] as const)("is looked at again %s", (_title, time, phase, milliseconds) => {
    const lastTransitionTime = `2026-11-21T${time}Z`;
    const conditions = [{ type: "RepositoryFound", status: "False", lastTransitionTime }];
    expect(recheckAfterMs({ phase, conditions }, now)).toBe(milliseconds);
  });
});
