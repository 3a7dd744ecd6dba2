import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Job, jobs, type Pod, pods, roles, serviceAccounts } from "../../src/kube/core.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { serversOfLongRun } from "./api-servers.ts";
import { type Desk, openDesk } from "./desk.ts";
import { backupConfiguration, fixture, repository, secret } from "./documents.ts";

const missing = controlPlaneMissing();
const name = "s3-repo";
const jobName = "stash-wipe-out-s3-repo-0";

describe.skipIf(missing !== undefined).each(serversOfLongRun)("a Repository on $name", ({ start }) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk({}, start);
    await desk.startOperator();
  }, 120_000);
  afterAll(async () => await desk?.[Symbol.asyncDispose]());

  async function make(spec: object = {}): Promise<string> {
    const namespace = await desk.namespace();
    await desk.apply(secret({ namespace }), repository({ namespace }, spec));
    await desk.until(
      "Repository",
      { namespace, name },
      ({ metadata }) => metadata.finalizers?.includes("stash") === true,
    );
    return namespace;
  }
  const isGone = async (namespace: string) => (await desk.get("Repository", namespace, name)) === undefined;

  async function job(namespace: string): Promise<Job> {
    return await eventually("the Job", async () => (await desk.list(jobs, namespace))[0]);
  }
  /** There is no node: the test says what becomes of a pod, and the Job controller draws its conclusions. */
  async function endPod(namespace: string, status: object): Promise<void> {
    const pod = await eventually("a pod", async () => {
      const open = (one: Pod) => one.status?.phase === "Pending" && one.metadata.deletionTimestamp == null;
      return (await desk.list(pods, namespace)).find(open);
    });
    await desk.plane.request({
      method: "PATCH",
      path: `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}/status`,
      contentType: "application/merge-patch+json",
      body: { status },
    });
  }
  const failed = {
    phase: "Failed",
    containerStatuses: [
      {
        ...{ name: "wipe-out", image: "x", imageID: "x", ready: false, restartCount: 0 },
        state: { terminated: { exitCode: 13, reason: "Error" } },
      },
    ],
  };

  test("is shown without figures before the first backup, and goes at once", async () => {
    const namespace = await make();
    const table = await desk.kubectl("-n", namespace, "get", "repository");
    const [head = "", row = ""] = table.split("\n");
    expect(head.split(/ {2,}/)).toEqual([
      "NAME",
      "INTEGRITY",
      "SIZE",
      "SNAPSHOT-COUNT",
      "LAST-SUCCESSFUL-BACKUP",
      "AGE",
    ]);
    expect(row.split(/ {2,}/)).toHaveLength(2);
    await desk.kubectl("-n", namespace, "delete", "repository", name, "--timeout=15s");
    expect(await desk.list(jobs, namespace)).toEqual([]);
  });

  test("names all that use it, in one order, and forgets those that go", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace));
    const names = Array.from({ length: 30 }, (_each, at) => `nightly-${at + 10}`);
    await desk.apply(...names.map((each) => backupConfiguration({ namespace, name: each })));
    const key = { namespace, name };
    const full = await desk.until("Repository", key, ({ status }) => status?.references?.length === names.length);
    expect(full.status?.references?.map((one) => one.name)).toEqual(names);
    await desk.kubectl("-n", namespace, "delete", "backupconfiguration", "--all", "--timeout=30s");
    await desk.until("Repository", key, ({ status }) => (status?.references ?? []).length === 0);
  });

  test("goes although an invoker that it knew was forced away", async () => {
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }));
    const key = { namespace, name };
    await desk.until("Repository", key, ({ status }) => status?.references?.length === 1);
    await desk.kubectl("-n", namespace, "delete", "backupconfiguration", "--all", "--wait=false");
    await desk.kubectl("-n", namespace, "delete", "repository", name, "--timeout=15s");
  });

  describe("with wipeOut", () => {
    test("goes when a Job with rights to no more than it needs has deleted the data", async () => {
      const namespace = await make({ wipeOut: true });
      await desk.kubectl("-n", namespace, "delete", "repository", name, "--wait=false");
      const { metadata, spec } = await job(namespace);
      expect(metadata.name).toBe(jobName);
      expect(spec.template.spec.serviceAccountName).toBe(jobName);
      expect(spec.template.spec.containers[0]).toMatchObject({
        args: ["task", "wipe-out", `--repository=${namespace}/${name}`],
      });
      const role = (await desk.list(roles, namespace)).find((each) => each.metadata.name === jobName);
      expect(role?.rules).toEqual([
        { apiGroups: ["stash.appscode.com"], resources: ["repositories"], resourceNames: [name], verbs: ["get"] },
        { apiGroups: [""], resources: ["secrets"], resourceNames: ["s3-secret"], verbs: ["get"] },
      ]);
      await endPod(namespace, { phase: "Succeeded" });
      await eventually("the Repository to go", async () => await isGone(namespace));
      const told = await desk.told(namespace, name);
      expect(told.map((line) => line.split(":")[0])).toEqual(
        expect.arrayContaining(["Wipe Out Started", "Wipe Out Succeeded"]),
      );
      await eventually("the account to go", async () =>
        (await desk.list(serviceAccounts, namespace)).every((each) => each.metadata.name !== jobName),
      );
      await eventually("the Job to go", async () =>
        (await desk.list(jobs, namespace)).every((one) => one.metadata.deletionTimestamp != null),
      );
    });

    test("says why the data could not be deleted, and goes when it is asked for no longer", async () => {
      const namespace = await make({ wipeOut: true });
      await desk.kubectl("-n", namespace, "delete", "repository", name, "--wait=false");
      await endPod(namespace, failed);
      const told = await eventually("a warning", async () =>
        (await desk.told(namespace, name)).find((line) => line.startsWith("Wipe Out Failed")),
      );
      expect(told).toContain("container wipe-out ended with exit code 13");
      expect(told).toContain("set spec.wipeOut to false");
      expect(await isGone(namespace)).toBe(false);
      await desk.kubectl("-n", namespace, "patch", "repository", name, "--type=merge", '-p={"spec":{"wipeOut":false}}');
      await eventually("the Repository to go", async () => await isGone(namespace));
    });

    test("goes with its namespace, and says where people still look that the data stays", async () => {
      const namespace = await make({ wipeOut: true });
      await desk.kubectl("delete", "namespace", namespace, "--timeout=60s");
      expect(await desk.told("default", namespace)).toEqual([
        expect.stringMatching(
          new RegExp(`^Wipe Out Skipped: Repository ${namespace}/${name}: its data was not deleted`),
        ),
      ]);
    });
  });
});
