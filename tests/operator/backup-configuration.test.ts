import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BackupConfiguration } from "../../src/api/backup-configuration.ts";
import { cronJobs, jobs, pods, roleBindings, roles, secrets, serviceAccounts } from "../../src/kube/core.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { bothServers } from "./api-servers.ts";
import { type Desk, openDesk } from "./desk.ts";
import { appBinding, backupConfiguration, fixture, repository, secret } from "./documents.ts";

const missing = controlPlaneMissing();
const name = "sample-nats-backup";

const registrySecret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace: "coldstream", name: "registry" },
  type: "kubernetes.io/dockerconfigjson",
  stringData: { ".dockerconfigjson": '{"auths":{}}' },
};

function conditionOf(configuration: BackupConfiguration, type: string) {
  return configuration.status?.conditions?.find((each) => each.type === type);
}

describe.skipIf(missing !== undefined).each(bothServers)("a BackupConfiguration on $name", ({ start }) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk({}, start);
    await desk.apply(registrySecret);
    await desk.startOperator({}, { pullSecrets: ["registry"] });
  }, 120_000);
  afterAll(async () => await desk?.[Symbol.asyncDispose]());

  const ready = async (namespace: string) =>
    await desk.until("BackupConfiguration", { namespace, name }, ({ status }) => status?.phase === "Ready");

  test("becomes Ready and gets its CronJob, is paused and goes on, and goes without hanging", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }));
    const { status, metadata } = await ready(namespace);
    expect(status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual([
      "RepositoryFound True RepositoryAvailable",
      "BackendSecretFound True BackendSecretAvailable",
      "ValidationPassed True ResourceValidationPassed",
      "BackupTargetFound True TargetAvailable",
      "CronJobCreated True CronJobCreationSucceeded",
    ]);
    expect(status?.observedGeneration).toBe(metadata.generation);
    expect(metadata.finalizers).toEqual(["stash.appscode.com"]);
    const table = await desk.kubectl("-n", namespace, "get", "backupconfiguration", "--no-headers");
    expect(table.split(/ {2,}/).slice(0, -1)).toEqual([name, "nats-backup-2.6.1", "*/5 * * * *", "Ready"]);

    const [cronJob] = await desk.list(cronJobs, namespace);
    expect(cronJob?.metadata.name).toBe("stash-trigger-sample-nats-backup");
    expect(cronJob?.spec).toMatchObject({ schedule: "*/5 * * * *", suspend: false });

    await desk.kubectl(
      "-n",
      namespace,
      "patch",
      "backupconfiguration",
      name,
      "--type=merge",
      '-p={"spec":{"paused":true}}',
    );
    await eventually("suspended", async () => (await desk.list(cronJobs, namespace))[0]?.spec.suspend === true);
    expect((await ready(namespace)).spec.paused).toBe(true);
    await desk.kubectl(
      "-n",
      namespace,
      "patch",
      "backupconfiguration",
      name,
      "--type=merge",
      '-p={"spec":{"paused":false}}',
    );
    await eventually("resumed", async () => (await desk.list(cronJobs, namespace))[0]?.spec.suspend === false);
    await ready(namespace);

    await desk.kubectl("-n", namespace, "delete", "backupconfiguration", name, "--timeout=20s");
    await desk.kubectl("-n", namespace, "delete", "repository", "s3-repo", "--timeout=20s");
    await eventually("the CronJob to go", async () => (await desk.list(cronJobs, namespace)).length === 0);
  });

  test("is listed in its Repository while it is there", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }));
    const key = { namespace, name: "s3-repo" };
    const { status } = await desk.until("Repository", key, (one) => (one.status?.references?.length ?? 0) > 0);
    expect(status?.references).toEqual([
      { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", namespace, name },
    ]);
    await desk.kubectl("-n", namespace, "delete", "backupconfiguration", name, "--timeout=20s");
    await desk.until("Repository", key, (one) => (one.status?.references ?? []).length === 0);
  });

  test("gets its CronJob back when somebody deletes it", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }));
    await ready(namespace);
    const [before] = await desk.list(cronJobs, namespace);
    await desk.kubectl("-n", namespace, "delete", "cronjob", "stash-trigger-sample-nats-backup");
    const after = await eventually("a new CronJob", async () =>
      (await desk.list(cronJobs, namespace)).find(({ metadata }) => metadata.uid !== before?.metadata.uid),
    );
    expect(after.spec).toMatchObject({ schedule: "*/5 * * * *" });
  });

  test("has its CronJob mended when somebody changes it", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }));
    await ready(namespace);
    await desk.kubectl(
      ...["-n", namespace, "patch", "cronjob", "stash-trigger-sample-nats-backup", "--type=merge"],
      '-p={"spec":{"schedule":"0 0 1 1 *"}}',
    );
    await eventually(
      "the schedule",
      async () => (await desk.list(cronJobs, namespace))[0]?.spec.schedule === "*/5 * * * *",
    );
  });

  describe("that is wrong says what to do", () => {
    interface Mistake {
      readonly spec?: object;
      readonly leaveOut?: "Secret" | "Repository" | "AppBinding";
      readonly secretData?: object;
    }
    test.each<[string, Mistake, string, string, RegExp]>([
      ["no Repository", { leaveOut: "Repository" }, "NotReady", "RepositoryFound", /s3-repo does not exist: create it/],
      [
        "no Secret",
        { leaveOut: "Secret" },
        "NotReady",
        "BackendSecretFound",
        /Secret .*\/s3-secret does not exist: create it/,
      ],
      [
        "no password in the Secret",
        { secretData: { PASSWORD: "changeit" } },
        "NotReady",
        "BackendSecretFound",
        /s3-secret has no RESTIC_PASSWORD: add the missing key/,
      ],
      [
        "no AppBinding",
        { leaveOut: "AppBinding" },
        "NotReady",
        "BackupTargetFound",
        /AppBinding .*\/sample-nats does not exist/,
      ],
      [
        "an unknown Task",
        { spec: { task: { name: "nats-backup-9" } } },
        "Invalid",
        "ValidationPassed",
        /Task nats-backup-9 does not exist: correct spec.task.name/,
      ],
      [
        "a schedule that is none",
        { spec: { schedule: "every day" } },
        "(Invalid|NotReady)",
        "(ValidationPassed|CronJobCreated)",
        /schedule/,
      ],
      ["no schedule", { spec: { schedule: "" } }, "Invalid", "ValidationPassed", /spec.schedule is missing/],
      [
        "a retention policy that keeps nothing",
        { spec: { retentionPolicy: { name: "none", prune: true } } },
        "Invalid",
        "ValidationPassed",
        /keeps nothing/,
      ],
      [
        "a Deployment as target",
        { spec: { target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "shop" } } } },
        "Invalid",
        "ValidationPassed",
        /names a Deployment \(apps\/v1\), which cannot be backed up here/,
      ],
      ["snapshots of volumes", { spec: { driver: "VolumeSnapshotter" } }, "Invalid", "ValidationPassed", /say Restic/],
    ])("%s", async (_title, { spec = {}, leaveOut, secretData }, phase, type, message) => {
      const namespace = await desk.namespace();
      const needed = [secret({ namespace }, secretData), repository({ namespace }), appBinding({ namespace })];
      await desk.apply(...needed.filter(({ kind }) => kind !== leaveOut), backupConfiguration({ namespace }, spec));
      const begun = performance.now();
      const found = await desk.until(
        "BackupConfiguration",
        { namespace, name },
        ({ status }) => status?.phase !== undefined && new RegExp(`^${phase}$`).test(status.phase),
      );
      expect(performance.now() - begun).toBeLessThan(15_000);
      const condition = found.status?.conditions?.find(
        (each) => new RegExp(`^${type}$`).test(each.type) && each.status === "False",
      );
      expect(condition?.message).toMatch(message);
      expect(JSON.stringify(found.status)).not.toContain("changeit");
    });

    test("and becomes Ready when the Secret comes", async () => {
      const namespace = await desk.namespace();
      await desk.apply(repository({ namespace }), appBinding({ namespace }), backupConfiguration({ namespace }));
      const key = { namespace, name };
      await desk.until("BackupConfiguration", key, (one) => conditionOf(one, "BackendSecretFound")?.status === "False");
      await desk.apply(secret({ namespace }));
      await ready(namespace);
    });

    test("and becomes Ready when the Task comes", async () => {
      const namespace = await desk.namespace();
      const task = `own-${namespace}`;
      await desk.apply(...fixture(namespace), backupConfiguration({ namespace }, { task: { name: task } }));
      await desk.until("BackupConfiguration", { namespace, name }, ({ status }) => status?.phase === "Invalid");
      const steps = [{ name: "nats-backup-2.6.1" }, { name: "update-status" }];
      await desk.apply({
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "Task",
        metadata: { name: task },
        spec: { steps },
      });
      await ready(namespace);
    });
  });

  describe("with a Repository in another namespace", () => {
    const roleName = (namespace: string) => `${namespace}-backupconfiguration-sample-nats-backup-0`;

    test.each<[string, object | undefined, boolean]>([
      ["All", { allowedNamespaces: { from: "All" } }, true],
      ["Same", { allowedNamespaces: { from: "Same" } }, false],
      ["no policy", undefined, false],
      [
        "Selector that matches",
        {
          allowedNamespaces: {
            from: "Selector",
            selector: { matchExpressions: [{ key: "team", operator: "In", values: ["orders"] }] },
          },
        },
        true,
      ],
      [
        "Selector that does not match",
        { allowedNamespaces: { from: "Selector", selector: { matchLabels: { team: "billing" } } } },
        false,
      ],
    ])("usagePolicy %s", async (_title, usagePolicy, isAllowed) => {
      const [namespace, storage] = await Promise.all([desk.namespace(), desk.namespace()]);
      await desk.kubectl("label", "namespace", namespace, "team=orders");
      const spec = usagePolicy === undefined ? {} : { usagePolicy };
      await desk.apply(
        secret({ namespace: storage }),
        repository({ namespace: storage }, spec),
        appBinding({ namespace }),
      );
      await desk.apply(backupConfiguration({ namespace }, { repository: { name: "s3-repo", namespace: storage } }));
      const wanted = isAllowed ? "Ready" : "Invalid";
      const found = await desk.until(
        "BackupConfiguration",
        { namespace, name },
        ({ status }) => status?.phase === wanted,
      );
      expect(conditionOf(found, "ValidationPassed")?.status).toBe(isAllowed ? "True" : "False");
      const names = (await desk.list(roles, storage)).map(({ metadata }) => metadata.name);
      expect(names).toEqual(isAllowed ? [roleName(namespace)] : []);
    });

    test("loses its rights there when the policy is taken back, and when it goes", async () => {
      const [namespace, storage] = await Promise.all([desk.namespace(), desk.namespace()]);
      const allow = (from: string) =>
        repository({ namespace: storage }, { usagePolicy: { allowedNamespaces: { from } } });
      await desk.apply(secret({ namespace: storage }), allow("All"), appBinding({ namespace }));
      await desk.apply(backupConfiguration({ namespace }, { repository: { name: "s3-repo", namespace: storage } }));
      await ready(namespace);
      const held = async () =>
        [...(await desk.list(roles, storage)), ...(await desk.list(roleBindings, storage))].length;
      expect(await held()).toBe(2);
      await desk.apply(allow("Same"));
      await desk.until("BackupConfiguration", { namespace, name }, ({ status }) => status?.phase === "Invalid");
      await eventually("no rights", async () => (await held()) === 0);
      await desk.apply(allow("All"));
      await ready(namespace);
      expect(await held()).toBe(2);
      await desk.kubectl("-n", namespace, "delete", "backupconfiguration", name, "--timeout=20s");
      expect(await held()).toBe(0);
    });
  });

  test("becomes NotReady when its Repository goes", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }));
    await ready(namespace);
    await desk.kubectl("-n", namespace, "delete", "repository", "s3-repo", "--timeout=20s");
    const found = await desk.until(
      "BackupConfiguration",
      { namespace, name },
      ({ status }) => status?.phase === "NotReady",
    );
    expect(conditionOf(found, "RepositoryFound")).toMatchObject({ status: "False", reason: "RepositoryNotAvailable" });
  });

  test("goes with its namespace", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }));
    await ready(namespace);
    await desk.kubectl("delete", "namespace", namespace, "--timeout=60s");
  });

  test("leaves no account of ours where the user names one", async () => {
    const namespace = await desk.namespace();
    const runtimeSettings = { pod: { serviceAccountName: "default" } };
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }, { runtimeSettings }));
    await ready(namespace);
    expect((await desk.list(serviceAccounts, namespace)).map(({ metadata }) => metadata.name)).toEqual(["default"]);
  });

  describe("on its slot", () => {
    /** As the CronJob does; there is no node, so the test says what becomes of the pod. */
    async function trigger(status: object): Promise<string> {
      const namespace = await desk.namespace();
      await desk.apply(...fixture(namespace), backupConfiguration({ namespace }, { schedule: "0 0 1 1 *" }));
      await ready(namespace);
      await desk.kubectl("-n", namespace, "create", "job", "slot-1", "--from=cronjob/stash-trigger-sample-nats-backup");
      const pod = await eventually("the pod", async () => (await desk.list(pods, namespace))[0]);
      await desk.plane.request({
        method: "PATCH",
        path: `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}/status`,
        contentType: "application/merge-patch+json",
        body: { status },
      });
      return namespace;
    }

    test("has its done Job removed", async () => {
      const namespace = await trigger({ phase: "Succeeded" });
      await eventually("no Job", async () => (await desk.list(jobs, namespace)).length === 0);
      expect(await desk.told(namespace, name)).toEqual([]);
    });

    test("tells of a Job that could not begin a backup", async () => {
      const state = { terminated: { exitCode: 1, reason: "Error" } };
      const ended = { name: "stash-trigger", image: "x", imageID: "x", ready: false, restartCount: 0, state };
      const namespace = await trigger({ phase: "Failed", containerStatuses: [ended] });
      const told = await eventually("a warning", async () => (await desk.told(namespace, name))[0]);
      expect(told).toBe(
        "Backup Trigger Failed: Job slot-1, which should begin a backup, failed: container stash-trigger ended with exit code 1.",
      );
      expect(await desk.list(jobs, namespace)).toHaveLength(1);
    });
  });

  test("is pulled for with copies of the operator's Secrets", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }));
    await ready(namespace);
    const all = await desk.list(secrets, namespace);
    const copy = all.find(({ metadata }) => metadata.name === "registry-backupconfiguration-sample-nats-backup");
    expect(copy?.type).toBe("kubernetes.io/dockerconfigjson");
    expect(copy?.metadata.ownerReferences?.[0]).toMatchObject({ kind: "BackupConfiguration", name });
    const [cronJob] = await desk.list(cronJobs, namespace);
    expect(cronJob?.spec.jobTemplate.spec.template.spec).toMatchObject({
      imagePullSecrets: [{ name: "registry-backupconfiguration-sample-nats-backup" }],
    });
  });

  test("has no leftovers of older releases", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }));
    const { metadata } = await ready(namespace);
    const [cronJob] = await desk.list(cronJobs, namespace);
    const owner = {
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupConfiguration",
      name,
      uid: metadata.uid,
      controller: true,
    };
    const old = {
      namespace,
      name: `stash-trigger--${name}`,
      labels: cronJob?.metadata.labels,
      ownerReferences: [owner],
    };
    await desk.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: old });
    await desk.apply({ apiVersion: "batch/v1", kind: "CronJob", metadata: old, spec: cronJob?.spec });
    await desk.kubectl("-n", namespace, "label", "backupconfiguration", name, "look=again");
    await eventually("one CronJob", async () => (await desk.list(cronJobs, namespace)).length === 1);
    const accounts = async () => (await desk.list(serviceAccounts, namespace)).map((one) => one.metadata.name);
    await eventually("no old account", async () => !(await accounts()).includes(old.name));
  });
});
