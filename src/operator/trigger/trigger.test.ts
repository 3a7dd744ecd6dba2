import { describe, expect, test } from "vitest";
import { configuration, containersOf, madeOf, settings } from "../../../tests/support/executor-sample.ts";
import { notedRules } from "../../../tests/support/policy.ts";
import { parseTaskFlags } from "../../api/task-flags.ts";
import { type CronJob, cronJobs, roleBindings, roles, serviceAccounts } from "../../kube/core.ts";
import { buildTriggerAccount } from "./accounts.ts";
import { buildTrigger } from "./trigger.ts";

const ofUser = { runtimeSettings: { pod: { serviceAccountName: "mine" } } };

function trigger(spec: object = {}, metadata: object = {}) {
  return buildTrigger(configuration(spec, metadata), { settings });
}

function cronJob(spec: object = {}, metadata: object = {}): CronJob {
  return madeOf(trigger(spec, metadata), "CronJob") as unknown as CronJob;
}

function pod(spec: object = {}) {
  return cronJob(spec).spec.jobTemplate.spec.template.spec;
}

describe("the trigger of a BackupConfiguration", () => {
  test("is made in the order in which it is needed, named alike, owned by it", () => {
    const objects = trigger(ofUser, { labels: { team: "a" } });
    expect(objects.map(({ resource }) => resource.kind)).toEqual(["Role", "RoleBinding", "CronJob"]);
    for (const { draft } of objects) {
      expect(draft.metadata).toMatchObject({
        name: "stash-trigger-sample-nats-backup",
        namespace: "demo",
        labels: { team: "a", "app.kubernetes.io/component": "stash-backup" },
        ownerReferences: [{ kind: "BackupConfiguration", name: "sample-nats-backup", controller: true }],
      });
    }
  });
  test("is what Kubernetes' own kinds look like", () => {
    const schemas = [serviceAccounts, roles, roleBindings, cronJobs];
    for (const { resource, draft } of [...buildTriggerAccount("demo"), ...trigger(ofUser)]) {
      const schema = schemas.find(({ kind }) => kind === resource.kind)?.schema;
      expect(schema?.safeParse({ apiVersion: "v1", kind: resource.kind, ...draft }).error).toBeUndefined();
    }
  });
  test("is named by Stash's rules when the target lies elsewhere", () => {
    const target = { ref: { name: "n", namespace: "messaging" } };
    expect(cronJob({ target }).metadata.name).toBe("stash-trigger-demo-sample-nats-backup");
  });
  test.each([
    [{}, "*/5 * * * *", false],
    [{ schedule: "@every 6h", paused: true }, "@every 6h", true],
  ])("%j: has the schedule as it is written, and rests while paused", (spec, schedule, suspend) => {
    expect(cronJob(spec).spec).toMatchObject({ schedule, suspend });
  });
  test("leaves the rest to Kubernetes' defaults", () => {
    const { spec } = cronJob();
    expect(Object.keys(spec)).toEqual(["schedule", "suspend", "jobTemplate"]);
    expect(Object.keys(spec.jobTemplate.spec)).toEqual(["template"]);
  });
  test("has its Jobs deleted when they are done", () => {
    expect(cronJob().spec.jobTemplate.metadata?.labels).toMatchObject({
      "stash.appscode.com/delete-job-on-completion": "true",
      "app.kubernetes.io/managed-by": "stash.appscode.com",
    });
  });
  test("says for whom a session is made, and knows its Job's name", () => {
    const [container] = containersOf(pod());
    expect(container).toMatchObject({ name: "stash-trigger", image: settings.image, imagePullPolicy: "IfNotPresent" });
    expect(container?.args?.slice(0, 2)).toEqual(["task", "create-backupsession"]);
    expect(parseTaskFlags("create-backupsession", container?.args?.slice(2) ?? [])).toEqual({
      invokerKind: "BackupConfiguration",
      invokerName: "sample-nats-backup",
      namespace: "demo",
    });
    expect(container?.env).toContainEqual({
      name: "JOB_NAME",
      valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } },
    });
  });
  test("has the pod's settings, and of the container's those for any program", () => {
    const container = {
      resources: { requests: { cpu: "50m" } },
      env: [{ name: "A", value: "b" }],
      envFrom: [{ secretRef: { name: "s" } }],
      securityContext: { readOnlyRootFilesystem: true },
    };
    const unused = { nice: { adjustment: 5 }, livenessProbe: { exec: { command: ["a"] } } };
    const runtimeSettings = { pod: { nodeSelector: { disk: "ssd" } }, container: { ...container, ...unused } };
    const spec = pod({ runtimeSettings });
    expect(spec).toMatchObject({ nodeSelector: { disk: "ssd" }, restartPolicy: "Never" });
    const [only] = containersOf(spec);
    expect(only).toMatchObject({ ...container, env: expect.arrayContaining(container.env) });
    expect(only).not.toHaveProperty("livenessProbe");
    expect(only?.env?.map(({ name }) => name)).not.toContain("NICE_ADJUSTMENT");
  });
  test("runs as the account that the user names, which is bound and not made", () => {
    const runtimeSettings = { pod: { serviceAccountName: "mine" } };
    const objects = trigger({ runtimeSettings });
    expect(objects.map(({ resource }) => resource.kind)).toEqual(["Role", "RoleBinding", "CronJob"]);
    expect(madeOf(objects, "RoleBinding")).toMatchObject({
      subjects: [{ kind: "ServiceAccount", name: "mine", namespace: "demo" }],
    });
    expect(pod({ runtimeSettings }).serviceAccountName).toBe("mine");
  });
  test("runs as the account of its namespace's triggers otherwise", () => {
    expect(trigger().map(({ resource }) => resource.kind)).toEqual(["CronJob"]);
    expect(pod().serviceAccountName).toBe("coldstream-trigger");
    const account = buildTriggerAccount("demo");
    expect(account.map(({ resource }) => resource.kind)).toEqual(["ServiceAccount", "Role", "RoleBinding"]);
    for (const { draft } of account)
      expect(draft.metadata).toMatchObject({ name: "coldstream-trigger", namespace: "demo" });
    expect(madeOf(account, "RoleBinding")).toMatchObject({
      roleRef: { kind: "Role", name: "coldstream-trigger" },
      subjects: [{ kind: "ServiceAccount", name: "coldstream-trigger", namespace: "demo" }],
    });
  });
  test.each([
    ["of the user: its configuration alone", trigger(ofUser), " sample-nats-backup"],
    ["of the namespace: any configuration in it", buildTriggerAccount("demo"), " *"],
  ])("may make sessions and read a configuration, no more; the account %s", (_title, objects, names) => {
    const role = roles.schema.parse({ apiVersion: "v1", kind: "Role", ...madeOf(objects, "Role") });
    expect(notedRules(role.rules ?? [])).toEqual([
      "create backupsessions *",
      `get backupconfigurations${names}`,
      `update backupconfigurations/finalizers${names}`,
    ]);
  });
  test("is refused without a schedule", () => {
    expect(() => trigger({ schedule: undefined })).toThrow(
      "BackupConfiguration demo/sample-nats-backup: spec.schedule is missing",
    );
  });
});
