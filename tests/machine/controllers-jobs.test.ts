import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Controllers } from "../../src/machine/controllers.ts";
import { type JobPod, jobPods, machineJobs, uidOf } from "../../src/machine/job/job.ts";
import type { Runner } from "../../src/machine/runner.ts";
import { eventually } from "../support/eventually.ts";
import { type ControllersPlace, isTrue, jobSpec, namespace, openControllersPlace } from "./controllers-place.ts";
import { servers } from "./servers.ts";

describe.each(servers)("controllers of Jobs beside $name", ({ start, missing }) => {
  let place: ControllersPlace;
  let controllers: Controllers;
  let runner: Runner;
  beforeAll(async () => {
    if (missing !== undefined) return;
    place = await openControllersPlace(await start());
    controllers = await place.controllers();
    runner = await place.runner({ restartBackOff: { firstMs: 100, mostMs: 100 } });
  }, 120_000);
  afterAll(async () => {
    await runner?.[Symbol.asyncDispose]();
    await controllers?.[Symbol.asyncDispose]();
    await place?.[Symbol.asyncDispose]();
  });

  test.skipIf(missing !== undefined)("run a Job to its end", async () => {
    await place.create(machineJobs, "well", jobSpec("true"));
    const job = await place.job("well", isTrue("Complete", "CompletionsReached"));
    expect(job.status).toMatchObject({ succeeded: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(job.status?.active).toBeUndefined();
    expect(Date.parse(job.status?.completionTime ?? "")).toBeGreaterThanOrEqual(
      Date.parse(job.status?.startTime ?? ""),
    );
    expect(isTrue("SuccessCriteriaMet")(job)).toBe(true);
    const [pod, ...more] = await place.podsOf("well");
    expect(more).toEqual([]);
    expect(pod?.metadata).toMatchObject({
      name: expect.stringMatching(/^well-[a-z0-9]{5}$/),
      labels: { "job-name": "well", "controller-uid": uidOf(job) },
    });
    expect(pod?.metadata.finalizers ?? []).toEqual([]);
    await eventually("the events", async () => (await place.reasons("well")).length === 2);
    expect((await place.reasons("well")).toSorted()).toEqual(["Completed", "SuccessfulCreate"]);
  });

  test.skipIf(missing !== undefined)("try again until the limit", async () => {
    await place.create(machineJobs, "bad", jobSpec("exit 3", { backoffLimit: 2 }));
    const job = await place.job("bad", isTrue("Failed", "BackoffLimitExceeded"));
    expect(job.status).toMatchObject({ failed: 3 });
    expect(await place.podsOf("bad")).toHaveLength(3);
  });

  test.skipIf(missing !== undefined)("end a Job at its deadline", async () => {
    await place.create(machineJobs, "slow", jobSpec("sleep 600", { activeDeadlineSeconds: 1 }));
    const job = await place.job("slow", isTrue("Failed", "DeadlineExceeded"));
    expect(job.status).toMatchObject({ failed: 1, terminating: 0 });
    await eventually("no pod", async () => (await place.podsOf("slow")).length === 0);
  });

  test.skipIf(missing !== undefined)("end a Job whose container fails again and again", async () => {
    const pod = { restartPolicy: "OnFailure" };
    await place.create(machineJobs, "again", jobSpec("exit 1", {}, pod));
    await place.job("again", isTrue("Failed", "BackoffLimitExceeded"));
  });

  test.skipIf(missing !== undefined)("suspend a Job and take it up again", async () => {
    await place.create(machineJobs, "pausing", jobSpec("sleep 600"));
    await place.job("pausing", ({ status }) => status?.active === 1 && status.ready === 1);
    const suspend = async (is: boolean) =>
      await place.cluster.patch(
        machineJobs,
        { namespace, name: "pausing" },
        { ...place, merge: { spec: { suspend: is } } },
      );
    await suspend(true);
    const paused = await place.job("pausing", (job) => isTrue("Suspended")(job) && job.status?.active === undefined);
    expect(paused.status?.failed).toBeUndefined();
    await suspend(false);
    const resumed = await place.job("pausing", ({ status }) => status?.active === 1);
    expect(isTrue("Suspended")(resumed)).toBe(false);
    expect((await place.podsOf("pausing")).filter(isOpen)).toHaveLength(1);
    await place.cluster.remove(machineJobs, { namespace, name: "pausing" }, { ...place, propagation: "Background" });
  });

  test.skipIf(missing !== undefined)("make as many pods as are asked for", async () => {
    await place.create(machineJobs, "many", jobSpec("true", { completions: 5, parallelism: 2 }));
    const job = await place.job("many", isTrue("Complete"));
    expect(job.status).toMatchObject({ succeeded: 5 });
    expect(await place.podsOf("many")).toHaveLength(5);
  });

  test.skipIf(missing !== undefined)("say what they cannot do", async () => {
    await place.create(machineJobs, "indexed", jobSpec("true", { completions: 2, completionMode: "Indexed" }));
    const job = await place.job("indexed", isTrue("Failed", "Unsupported"));
    expect(job.status?.conditions?.at(-1)?.message).toBe("spec.completionMode Indexed has no meaning on this machine");
  });

  test.skipIf(missing !== undefined)(
    "count a pod that was deleted as failed, and make another when it has ended",
    async () => {
      await place.create(machineJobs, "robbed", jobSpec("sleep 600", { backoffLimit: 1 }));
      await place.job("robbed", ({ status }) => status?.ready === 1);
      const [first] = await place.podsOf("robbed");
      await place.cluster.remove(jobPods, { namespace, name: first?.metadata.name ?? "" }, place);
      await place.job("robbed", ({ status }) => status?.failed === 1 && status.active === 1);
      const all = (await place.podsOf("robbed")).filter(isOpen);
      expect(all).toHaveLength(1);
      expect(all.map(({ metadata }) => metadata.name)).not.toContain(first?.metadata.name);
      await place.cluster.remove(machineJobs, { namespace, name: "robbed" }, { ...place, propagation: "Background" });
    },
  );

  test.skipIf(missing !== undefined)("remove a Job that has been over long enough", async () => {
    await place.create(machineJobs, "brief", jobSpec("true", { ttlSecondsAfterFinished: 1 }));
    await eventually(
      "its end",
      async () => (await place.cluster.get(machineJobs, { namespace, name: "brief" }, place)) === undefined,
    );
  });
});

function isOpen({ status }: JobPod): boolean {
  return status?.phase !== "Succeeded" && status?.phase !== "Failed";
}
