import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RestoreSession } from "../../src/api/restore-session.ts";
import { jobs, pods, roleBindings, roles, serviceAccounts } from "../../src/kube/core.ts";
import { resourceOf } from "../../src/kube/resource.ts";
import { updateStatus } from "../../src/kube/update.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { bothServers } from "./api-servers.ts";
import { type Desk, openDesk } from "./desk.ts";
import { appBinding, fixture, repository, secret } from "./documents.ts";
import { endedWith } from "./stage.ts";

const missing = controlPlaneMissing();
const waiting = { signal: new AbortController().signal };

function restore(namespace: string, spec: object = {}, name = "sample-nats-restore") {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreSession",
    metadata: { namespace, name },
    spec: {
      task: { name: "nats-restore-2.6.1" },
      repository: { name: "s3-repo" },
      target: { ref: { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "sample-nats" } },
      rules: [{ snapshots: ["latest"] }],
      ...spec,
    },
  };
}

describe.skipIf(missing !== undefined).each(bothServers)("a RestoreSession on $name", ({ start }) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk({}, start);
    await desk.startOperator();
  }, 120_000);
  afterAll(async () => await desk?.[Symbol.asyncDispose]());

  const until = async (namespace: string, test: (session: RestoreSession) => boolean, name = "sample-nats-restore") =>
    await desk.until("RestoreSession", { namespace, name }, test);
  const phase = async (namespace: string, wanted: string, name?: string) =>
    await until(namespace, ({ status }) => status?.phase === wanted, name);
  const conditions = ({ status }: RestoreSession) => status?.conditions?.map((each) => `${each.type} ${each.status}`);
  const messages = ({ status }: RestoreSession) => status?.conditions?.map(({ message }) => message).join("\n");
  const pod = async (namespace: string) =>
    await eventually("the pod", async () => (await desk.list(pods, namespace))[0]);

  async function patchPod(namespace: string, status: object): Promise<void> {
    const { metadata } = await pod(namespace);
    await desk.plane.request({
      method: "PATCH",
      path: `/api/v1/namespaces/${namespace}/pods/${metadata.name}/status`,
      contentType: "application/merge-patch+json",
      body: { status },
    });
  }
  async function succeed(namespace: string): Promise<void> {
    await pod(namespace);
    const stats = [{ hostname: "host-0", phase: "Succeeded" as const, duration: "1s" }];
    const key = { namespace, name: "sample-nats-restore" };
    await updateStatus(
      desk.cluster,
      resourceOf("RestoreSession"),
      key,
      ({ status }) => ({ ...status, stats }),
      waiting,
    );
    await patchPod(namespace, { phase: "Succeeded" });
  }

  test("runs once, with rights and events of its own, and goes without hanging", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), restore(namespace));
    const running = await until(
      namespace,
      (each) => conditions(each)?.includes("RestoreExecutorEnsured True") === true,
    );
    expect(conditions(running)).toEqual([
      "RepositoryFound True",
      "BackendSecretFound True",
      "ValidationPassed True",
      "RestoreTargetFound True",
      "RestoreExecutorEnsured True",
    ]);
    expect(running.status).toMatchObject({ phase: "Running", totalHosts: 1 });
    expect(running.metadata.finalizers).toEqual(["stash.appscode.com"]);
    const [job] = await desk.list(jobs, namespace);
    expect(job?.metadata.name).toBe("stash-restore-sample-nats-restore-0");
    expect((await desk.list(serviceAccounts, namespace)).map(({ metadata }) => metadata.name)).toContain(
      "restoresession-sample-nats-restore-0",
    );
    await succeed(namespace);
    const { status } = await phase(namespace, "Succeeded");
    expect(status?.sessionDuration).toMatch(/^\d+s$/);
    const table = await desk.kubectl("-n", namespace, "get", "restoresession", "--no-headers");
    expect(table.split(/ {2,}/).slice(0, 3)).toEqual(["sample-nats-restore", "s3-repo", "Succeeded"]);
    await eventually("told", async () =>
      (await desk.told(namespace, "sample-nats-restore")).includes("Host Restore Succeeded: Host host-0 was restored."),
    );
    await eventually("no rights of the session", async () =>
      (await desk.list(roles, namespace)).every(({ metadata }) => metadata.name?.startsWith("restoresession-")),
    );
    await desk.kubectl("-n", namespace, "delete", "restoresession", "sample-nats-restore", "--timeout=20s");
    await eventually("nothing left", async () => (await desk.list(jobs, namespace)).length === 0);
  });

  test("waits for what is missing, names it, and goes on when it comes", async () => {
    const namespace = await desk.namespace();
    await desk.apply(restore(namespace));
    expect(messages(await phase(namespace, "Pending"))).toContain(
      `Repository ${namespace}/s3-repo does not exist: create it`,
    );
    await desk.apply(repository({ namespace }));
    const told = (text: string) => until(namespace, (each) => messages(each)?.includes(text) === true);
    await told(`Secret ${namespace}/s3-secret does not exist`);
    await desk.apply(secret({ namespace }));
    await told(`AppBinding ${namespace}/sample-nats does not exist`);
    await desk.apply(appBinding({ namespace }));
    await phase(namespace, "Running");
  });

  test("does not run when it may not, until it may", async () => {
    const [home, namespace] = [await desk.namespace(), await desk.namespace()];
    await desk.apply(secret({ namespace: home }), repository({ namespace: home }), appBinding({ namespace }));
    await desk.apply(restore(namespace, { repository: { name: "s3-repo", namespace: home } }));
    const invalid = await phase(namespace, "Invalid");
    expect(messages(invalid)).toContain(`may not be used from namespace ${namespace}`);
    expect(await desk.list(jobs, namespace)).toEqual([]);
    expect(await desk.list(roles, home)).toEqual([]);
    await desk.apply(repository({ namespace: home }, { usagePolicy: { allowedNamespaces: { from: "All" } } }));
    await phase(namespace, "Running");
    expect(await desk.list(roles, home)).toHaveLength(1);
    await succeed(namespace);
    await phase(namespace, "Succeeded");
    await eventually("no rights elsewhere", async () => (await desk.list(roles, home)).length === 0);
    expect(await desk.list(roleBindings, home)).toEqual([]);
  });

  test.each([
    ["two rules for all", { rules: [{ snapshots: ["a"] }, { snapshots: ["b"] }] }, "2 rules are without targetHosts"],
    ["an unknown Task", { task: { name: "nats-restore-9" } }, "Task nats-restore-9 does not exist"],
  ])("is Invalid with %s", async (_title, spec, message) => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), restore(namespace, spec));
    expect(messages(await phase(namespace, "Invalid"))).toContain(message);
    expect(await desk.list(jobs, namespace)).toEqual([]);
  });

  test("fails with its pod, and does not run again", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), restore(namespace));
    await patchPod(namespace, { phase: "Failed", initContainerStatuses: [endedWith(137, "OOMKilled")] });
    const { status } = await phase(namespace, "Failed");
    expect(status?.stats).toMatchObject([
      { hostname: "host-0", phase: "Failed", error: expect.stringContaining("OOMKilled") },
    ]);
    await eventually("no Job, no pod", async () => {
      const left = await Promise.all([desk.list(jobs, namespace), desk.list(pods, namespace)]);
      return left.flat().length === 0;
    });
    expect((await phase(namespace, "Failed")).status).toEqual(status);
  });

  test("ends at its deadline, also when it waits", async () => {
    const namespace = await desk.namespace();
    await desk.apply(restore(namespace, { timeOut: "2s" }));
    expect(conditions(await phase(namespace, "Failed"))).toContain("DeadlineExceeded True");
  });

  test("waits for another to the same target", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), restore(namespace));
    await phase(namespace, "Running");
    await desk.apply(restore(namespace, {}, "second"));
    await phase(namespace, "Pending", "second");
    await succeed(namespace);
    await phase(namespace, "Running", "second");
  });
});
