import { describe, expect, test } from "vitest";
import {
  appBinding,
  configuration,
  repository,
  restoreSession,
  settings,
} from "../../../tests/support/executor-sample.ts";
import { manifest } from "../../../tests/support/manifests.ts";
import { AppBinding } from "../../api/app-binding.ts";
import { Repository } from "../../api/repository.ts";
import type { Invoker } from "./target.ts";
import { imageParts, variablesFor } from "./variables.ts";

type Request = Parameters<typeof variablesFor>[0];

function variables(invoker: Invoker, more: Partial<Request> = {}): Readonly<Record<string, string>> {
  const request = { invoker, session: "run-1", repository, appBinding, settings, report: "stash-backup-run-1-0" };
  return Object.fromEntries(variablesFor({ ...request, ...more }));
}

function withBackend(backend: object): { readonly repository: Repository } {
  return { repository: Repository.parse({ ...repository, spec: { backend } }) };
}

describe("a backup", () => {
  test("has these variables, and no others", () => {
    expect(variables(configuration())).toEqual({
      REPOSITORY_NAME: "gcs-repo",
      REPOSITORY_NAMESPACE: "demo",
      REPOSITORY_PROVIDER: "gcs",
      REPOSITORY_BUCKET: "stash-testing",
      REPOSITORY_PREFIX: "/demo/nats/sample-nats",
      REPOSITORY_INSECURE_TLS: "false",
      REPOSITORY_SECRET_NAME: "gcs-secret",
      REPOSITORY_SECRET_NAMESPACE: "demo",
      MAX_CONNECTIONS: "0",
      TARGET_API_VERSION: "appcatalog.appscode.com/v1alpha1",
      TARGET_KIND: "AppBinding",
      TARGET_NAME: "sample-nats",
      TARGET_NAMESPACE: "demo",
      TARGET_PATHS: "/stash-data",
      TARGET_MOUNT_PATH: "/stash-data",
      TARGET_APP_TYPE: "nats.io/nats",
      TARGET_APP_GROUP: "nats.io",
      TARGET_APP_RESOURCE: "nats",
      TARGET_APP_VERSION: "2.6.1",
      HOSTNAME: "host-0",
      ENABLE_CACHE: "true",
      INTERIM_DATA_DIR: "/stash-tmp/stash-interim-volume/data",
      RETENTION_KEEP_LAST: "5",
      RETENTION_PRUNE: "true",
      BACKUP_SESSION: "run-1",
      NAMESPACE: "demo",
      INVOKER_KIND: "BackupConfiguration",
      INVOKER_NAME: "sample-nats-backup",
      SESSION_REPORT: "stash-backup-run-1-0",
      STASH_DOCKER_REGISTRY: "registry.example.org/backup",
      STASH_DOCKER_IMAGE: "coldstream",
      STASH_IMAGE_TAG: "1.2.3",
      LICENSE_APISERVICE: "",
      PROMETHEUS_PUSHGATEWAY_URL: "http://coldstream-operator.coldstream.svc:56789",
      PROMETHEUS_JOB_NAME: "sample-nats-backup",
    });
  });
  test.each<[string, object, Readonly<Record<string, string | undefined>>]>([
    ["an alias", { target: { alias: "far", ref: { name: "n" } } }, { HOSTNAME: "far" }],
    [
      "the workload's fields",
      {
        target: {
          ref: { name: "n", namespace: "m" },
          paths: ["/a", "/b"],
          exclude: ["x", "y"],
          args: ["-a", "b"],
          volumeMounts: [{ name: "v", mountPath: "/m" }],
        },
      },
      {
        TARGET_PATHS: "/a,/b",
        EXCLUDE_PATTERNS: "x,y",
        DRIVER_ARGS: "-a b",
        TARGET_MOUNT_PATH: "/m",
        TARGET_NAMESPACE: "m",
      },
    ],
    [
      "a whole retention policy, zeros left out",
      {
        retentionPolicy: {
          name: "r",
          prune: false,
          dryRun: true,
          keepLast: 0,
          keepHourly: 1,
          keepDaily: 2,
          keepWeekly: 3,
          keepMonthly: 4,
          keepYearly: 5,
          keepTags: ["a", "b"],
        },
      },
      {
        RETENTION_KEEP_LAST: undefined,
        RETENTION_KEEP_HOURLY: "1",
        RETENTION_KEEP_DAILY: "2",
        RETENTION_KEEP_WEEKLY: "3",
        RETENTION_KEEP_MONTHLY: "4",
        RETENTION_KEEP_YEARLY: "5",
        RETENTION_KEEP_TAGS: "a,b",
        RETENTION_PRUNE: undefined,
        RETENTION_DRY_RUN: "true",
      },
    ],
    ["an interim volume", { interimVolumeTemplate: {} }, { INTERIM_DATA_DIR: "/stash-interim-volume/data" }],
    ["no cache", { tempDir: { disableCaching: true } }, { ENABLE_CACHE: "false" }],
    [
      "params of the user, over what is built in",
      {
        task: {
          params: [
            { name: "streams", value: 'a"b' },
            { name: "HOSTNAME", value: "mine" },
          ],
        },
      },
      { streams: 'a"b', HOSTNAME: "mine" },
    ],
  ])("with %s", (_title, spec, wanted) => {
    const found = variables(configuration(spec));
    for (const [name, value] of Object.entries(wanted)) expect(found[name], name).toBe(value);
  });
});

describe("a backend", () => {
  test.each<[string, object, object]>([
    [
      "local",
      { local: { mountPath: "/safe", subPath: "a", hostPath: { path: "/x" } } },
      {
        REPOSITORY_BUCKET: "/safe",
        REPOSITORY_PREFIX: "",
        REPOSITORY_SECRET_NAME: undefined,
        REPOSITORY_SECRET_NAMESPACE: undefined,
      },
    ],
    [
      "s3",
      { s3: { endpoint: "http://m:9000", bucket: "b", prefix: "p", region: "r", insecureTLS: true } },
      {
        REPOSITORY_ENDPOINT: "http://m:9000",
        REPOSITORY_BUCKET: "b",
        REPOSITORY_PREFIX: "p",
        REPOSITORY_REGION: "r",
        REPOSITORY_INSECURE_TLS: "true",
      },
    ],
    [
      "azure",
      { azure: { container: "c", prefix: "p", maxConnections: 7 } },
      {
        REPOSITORY_BUCKET: "c",
        REPOSITORY_PREFIX: "p",
        MAX_CONNECTIONS: "7",
        REPOSITORY_ENDPOINT: undefined,
        REPOSITORY_REGION: undefined,
      },
    ],
    ["swift", { swift: { container: "c" } }, { REPOSITORY_BUCKET: "c", REPOSITORY_PREFIX: "" }],
    ["b2", { b2: { bucket: "b", maxConnections: 3 } }, { REPOSITORY_BUCKET: "b", MAX_CONNECTIONS: "3" }],
    [
      "rest",
      { rest: { url: "http://rest.storage.svc:8000/demo/nats" } },
      {
        REPOSITORY_ENDPOINT: "http://rest.storage.svc:8000/demo/nats",
        REPOSITORY_BUCKET: "rest.storage.svc:8000",
        REPOSITORY_PREFIX: "/demo/nats",
      },
    ],
    ["rest", { rest: {} }, { REPOSITORY_BUCKET: "", REPOSITORY_PREFIX: "", REPOSITORY_ENDPOINT: undefined }],
  ])("of the provider %s", (provider, backend, wanted) => {
    const found = variables(configuration(), withBackend(backend));
    expect(found["REPOSITORY_PROVIDER"]).toBe(provider);
    for (const [name, value] of Object.entries(wanted)) expect(found[name], name).toBe(value);
  });
  test("that is missing is named", () => {
    expect(() => variables(configuration(), withBackend({}))).toThrow("Repository demo/gcs-repo names no backend");
  });
});

describe("a restore", () => {
  const restored = (spec: object) => variables(restoreSession(spec));
  const target = (more: object) => ({ target: { ref: { name: "sample-nats" }, ...more } });

  test("has variables of its own, empty where a rule says nothing", () => {
    const found = restored({ rules: undefined });
    expect(found).toMatchObject({
      RESTORE_SESSION: "sample-nats-restore",
      RESTORE_PATHS: "",
      RESTORE_SNAPSHOTS: "",
      EXCLUDE_PATTERNS: "",
      INCLUDE_PATTERNS: "",
      TARGET_APP_REPLICAS: "1",
      INVOKER_KIND: "RestoreSession",
    });
    const names = ["BACKUP_SESSION", "TARGET_PATHS", "RETENTION_PRUNE"];
    expect(names.filter((name) => Object.hasOwn(found, name))).toEqual([]);
  });
  test.each([
    ["no rules, no alias", { rules: [], ...target({}) }, "host-0", "", ""],
    ["no rules, alias x", { rules: [], ...target({ alias: "x" }) }, "x", "", ""],
    ["an empty rule, no alias", { rules: [{}], ...target({}) }, "host-0", "", ""],
    ["an empty rule, alias x", { rules: [{}], ...target({ alias: "x" }) }, "x", "x", ""],
    ["a source host", { rules: [{ sourceHost: "y" }], ...target({ alias: "x" }) }, "x", "y", ""],
    ["a source host, no alias", { rules: [{ sourceHost: "y" }], ...target({}) }, "host-0", "y", ""],
    ["a snapshot", { rules: [{ snapshots: ["4bc21d6f"] }], ...target({}) }, "host-0", "", "4bc21d6f"],
    ["several snapshots", { rules: [{ snapshots: ["a", "b"] }], ...target({}) }, "host-0", "", "a,b"],
    [
      "a rule for others",
      { rules: [{ targetHosts: ["z"], snapshots: ["a"] }], ...target({ alias: "x" }) },
      "x",
      "",
      "",
    ],
    ["rules in the target", { rules: undefined, ...target({ rules: [{ snapshots: ["a"] }] }) }, "host-0", "", "a"],
    [
      "rules in both places: the top ones",
      { rules: [{ snapshots: ["b"] }], ...target({ rules: [{ snapshots: ["a"] }] }) },
      "host-0",
      "",
      "b",
    ],
  ])("with %s", (_title, spec, host, source, snapshots) => {
    expect(restored(spec)).toMatchObject({ HOSTNAME: host, SOURCE_HOSTNAME: source, RESTORE_SNAPSHOTS: snapshots });
  });
  test("with paths and patterns", () => {
    const rules = [{ paths: ["/a", "/b"], include: ["i"], exclude: ["e", "f"] }];
    expect(restored({ rules, ...target({ replicas: 3 }) })).toMatchObject({
      RESTORE_PATHS: "/a,/b",
      INCLUDE_PATTERNS: "i",
      EXCLUDE_PATTERNS: "e,f",
      TARGET_APP_REPLICAS: "3",
    });
  });
});

describe("what is named elsewhere", () => {
  test("a target and a Repository in other namespaces", () => {
    const found = variables(manifest("BackupConfiguration", "settings", "everything"), {
      repository: manifest("Repository", "settings", "shared"),
      appBinding: manifest("AppBinding", "settings", "far-nats"),
    });
    expect(found).toMatchObject({
      NAMESPACE: "demo",
      TARGET_NAMESPACE: "messaging",
      REPOSITORY_NAMESPACE: "backups",
      REPOSITORY_SECRET_NAMESPACE: "backups",
      HOSTNAME: "far",
      streams: "ORDERS",
    });
  });
  test("an AppBinding that says little leaves variables out", () => {
    const bare = AppBinding.parse({ ...appBinding, spec: { clientConfig: {} } });
    const found = variables(configuration(), { appBinding: bare });
    expect(Object.keys(found).filter((name) => name.startsWith("TARGET_APP"))).toEqual([]);
  });
  test("no Pushgateway is an empty address", () => {
    const { pushgatewayUrl: _, ...rest } = settings;
    expect(variables(configuration(), { settings: rest })["PROMETHEUS_PUSHGATEWAY_URL"]).toBe("");
  });
  test.each([
    [{ target: undefined }, "BackupConfiguration demo/sample-nats-backup names no target"],
    [{ target: { ref: {} } }, "names no target"],
    [{ target: { ref: { kind: "Deployment", name: "a" } } }, "its target is a Deployment, not an AppBinding"],
  ])("%j is refused: %s", (spec, sentence) => expect(() => variables(configuration(spec))).toThrow(sentence));
});

test.each([
  ["coldstream", "docker.io/library", "coldstream", "latest"],
  ["coldstream:dev", "docker.io/library", "coldstream", "dev"],
  ["localhost:5000/coldstream", "localhost:5000", "coldstream", "latest"],
  ["ghcr.io/a/coldstream:1.2@sha256:00ff", "ghcr.io/a", "coldstream", "1.2@sha256:00ff"],
  ["ghcr.io/a/coldstream@sha256:00ff", "ghcr.io/a", "coldstream@sha256", "00ff"],
])("the image %s is %s / %s : %s", (image, registry, name, tag) => {
  expect(imageParts(image)).toEqual({ registry, name, tag });
});
