import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cronJobs, leases, pods } from "../../src/kube/core.ts";
import { openRegistry } from "../../src/metrics/registry.ts";
import { openMeters } from "../../src/operator/meters.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { pushgatewayMissing, startPushgateway } from "../support/pushgateway.ts";
import { serversOfLongRun } from "./api-servers.ts";
import { type Desk, openDesk } from "./desk.ts";
import { backupConfiguration, fixture } from "./documents.ts";

const missing = controlPlaneMissing();
const name = "sample-nats-backup";
const lease = { namespace: "coldstream", name: "coldstream-operator" };
const waiting = { signal: new AbortController().signal };

describe.skipIf(missing !== undefined).each(serversOfLongRun)("two operators on $name", ({ start }) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk({}, start);
  }, 120_000);
  afterAll(async () => await desk?.[Symbol.asyncDispose]());

  const holder = async () => (await desk.cluster.get(leases, lease, waiting))?.spec?.holderIdentity;

  async function makePod(pod: string): Promise<void> {
    const container = { name: "operator", image: "x" };
    const metadata = { namespace: lease.namespace, name: pod };
    await desk.apply({ apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [container] } });
  }
  async function labelOf(pod: string): Promise<string | undefined> {
    const found = await desk.cluster.get(pods, { namespace: lease.namespace, name: pod }, waiting);
    return found?.metadata.labels?.["coldstream/leader"];
  }

  test("take turns: one works, the other begins when it ends", async () => {
    await makePod("first");
    await makePod("second");
    const [one, two] = [
      { namespace: lease.namespace, name: "first" },
      { namespace: lease.namespace, name: "second" },
    ];
    const first = await desk.startOperator({ lease, identity: "first", pod: one });
    await eventually("a leader", async () => (await holder()) === "first");
    const second = await desk.startOperator({ lease, identity: "second", pod: two });
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }));
    await desk.until("BackupConfiguration", { namespace, name }, ({ status }) => status?.phase === "Ready");
    expect(second.log.join("")).not.toContain("caches are complete");
    expect([await labelOf("first"), await labelOf("second")]).toEqual(["true", undefined]);

    await first.stop();
    const patch = ["patch", "backupconfiguration", name, "--type=merge", '-p={"spec":{"paused":true}}'];
    await desk.kubectl("-n", namespace, ...patch);
    await eventually("suspended", async () => (await desk.list(cronJobs, namespace))[0]?.spec.suspend === true);
    expect(await holder()).toBe("second");
    expect([await labelOf("first"), await labelOf("second")]).toEqual([undefined, "true"]);
    await second.stop();
    expect(await labelOf("second")).toBeUndefined();
  });

  test("begin anew after a restart without writing what is as it should be", async () => {
    const namespace = await desk.namespace();
    const first = await desk.startOperator();
    // a slot would write to the CronJob too
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }, { schedule: "0 0 1 1 *" }));
    const key = { namespace, name };
    const before = await desk.until("BackupConfiguration", key, ({ status }) => status?.phase === "Ready");
    await first.stop();
    const [cronJob] = await desk.list(cronJobs, namespace);
    const registry = openRegistry();
    const options = { registry, clock: () => new Date(), process, version: "0" };
    await using meters = await openMeters({ ...options, listen: { host: "127.0.0.1", port: 0 } });
    const second = await desk.startOperator({ metrics: registry, meters });
    const done = /coldstream_reconciles_total\{kind="BackupConfiguration"\} [1-9]/;
    const text = await eventually("a look at it", async () => {
      const answer = await fetch(`http://127.0.0.1:${meters.port}/metrics`);
      const page = await answer.text();
      return done.test(page) ? page : undefined;
    });
    const after = await desk.get("BackupConfiguration", namespace, name);
    expect(after?.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect((await desk.list(cronJobs, namespace))[0]?.metadata.resourceVersion).toBe(cronJob?.metadata.resourceVersion);

    const own = `invoker_kind="BackupConfiguration",invoker_name="${name}",namespace="${namespace}"`;
    expect(text).toContain(`coldstream_backup_ready{${own},driver="Restic",repository="s3-repo"} 1`);
    expect(text).toMatch(new RegExp(`coldstream_backup_next_run_time_seconds\\{${own}.*\\} \\d`));
    expect(text).toContain("coldstream_leader 1");
    expect((await fetch(`http://127.0.0.1:${meters.port}/readyz`)).status).toBe(200);
    await second.stop();
  });

  test("carry on when the API server was away", async () => {
    const operator = await desk.startOperator();
    const namespace = await desk.namespace();
    await desk.apply(...fixture(namespace), backupConfiguration({ namespace }));
    const key = { namespace, name };
    await desk.until("BackupConfiguration", key, ({ status }) => status?.phase === "Ready");
    await desk.plane.restartApiServer();
    const patch = ["patch", "backupconfiguration", name, "--type=merge", '-p={"spec":{"schedule":"0 4 * * *"}}'];
    await desk.kubectl("-n", namespace, ...patch);
    await eventually(
      "the schedule",
      async () => (await desk.list(cronJobs, namespace))[0]?.spec.schedule === "0 4 * * *",
    );
    await operator.stop();
  }, 120_000);

  test.skipIf(pushgatewayMissing() !== undefined)(
    "tell an empty Pushgateway what is known, and take figures of what goes away",
    async () => {
      await using pushgateway = await startPushgateway();
      const namespace = await desk.namespace();
      await desk.apply(...fixture(namespace), backupConfiguration({ namespace }, { schedule: "0 0 1 1 *" }));
      const session = { namespace, name: `${name}-1` };
      const invoker = { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name };
      const made = {
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "BackupSession",
        metadata: session,
        spec: { invoker },
      };
      await desk.apply(made);
      const status = { phase: "Succeeded", sessionDuration: "42s" };
      const patch = ["patch", "backupsession", session.name, "--subresource=status", "--type=merge"];
      await desk.kubectl("-n", namespace, ...patch, `-p=${JSON.stringify({ status })}`);

      const operator = await desk.startOperator({}, { operatorPushgatewayUrl: pushgateway.url });
      const job = `job="backupconfiguration-${namespace}-${name}"`;
      const own = async () => (await pushgateway.samples()).filter((line) => line.includes(job));
      await eventually("figures", async () =>
        (await own()).some((line) => /^stash_backup_session_success\{.*\} 1$/.test(line)),
      );
      await desk.until("BackupConfiguration", { namespace, name }, ({ status: is }) => is?.phase === "Ready");
      await desk.kubectl("-n", namespace, "delete", "backupconfiguration", name, "--timeout=20s");
      await eventually("no figures", async () => (await own()).length === 0);
      await operator.stop();
    },
  );
});
