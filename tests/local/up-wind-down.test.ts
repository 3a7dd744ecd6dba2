/** What ends first when `coldstream up` is told to end, what is waited for, and for how long. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { windDown } from "../../src/cli/up/wind-down.ts";
import type { LogFields } from "../../src/kit/log.ts";
import { resourceOf } from "../../src/kube/resource.ts";
import { updateStatus } from "../../src/kube/update.ts";
import { machineCronJobs } from "../../src/machine/cron-job/cron-job.ts";
import { machineJobs } from "../../src/machine/job/job.ts";
import { type ControllersPlace, jobSpec, namespace, openControllersPlace } from "../machine/controllers-place.ts";
import { localServer } from "../machine/servers.ts";
import { eventually } from "../support/eventually.ts";

const sessions = resourceOf("BackupSession");
type Phase = "Running" | "Failed" | "Pending";

let place: ControllersPlace;
let said: string[];
beforeAll(async () => {
  place = await openControllersPlace(await localServer());
}, 60_000);
afterAll(async () => await place[Symbol.asyncDispose]());
beforeEach(() => {
  said = [];
});

async function session(name: string, phase: Phase): Promise<void> {
  const invoker = { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: "nightly" };
  await place.create(sessions, name, { spec: { invoker } });
  await become(name, phase);
}

async function become(name: string, phase: Phase): Promise<void> {
  const key = { namespace, name };
  await updateStatus(place.cluster, sessions, key, ({ status }) => ({ ...status, phase }), place);
}

/** Milliseconds that it took. `atEnd`: what happens once the pods have ended. */
async function end(atEnd: () => Promise<void>, lastWordsMs: number): Promise<number> {
  const say = (_fields: LogFields, message: string) => said.push(message);
  const begun = performance.now();
  await windDown({
    ...{ cluster: place.cluster, log: { info: say, warn: say, error: say }, lastWordsMs },
    controllers: {
      async endSchedules() {
        said.push("schedules ended");
      },
    },
    runner: {
      stopped: Promise.resolve(),
      async [Symbol.asyncDispose]() {
        said.push("pods ended");
        void atEnd();
      },
    },
  });
  return performance.now() - begun;
}

test("schedules, then pods; no session runs: at once", async () => {
  await session("waits", "Pending");
  expect(await end(async () => undefined, 5000)).toBeLessThan(2000);
  expect(said).toEqual(["schedules ended", "pods ended"]);
});

test("sessions that ran are waited for until they say how they ended", async () => {
  await session("runs", "Running");
  const tookMs = await end(async () => {
    await sleep(500);
    await become("runs", "Failed");
  }, 10_000);
  expect(tookMs).toBeGreaterThan(400);
  expect(tookMs).toBeLessThan(5000);
  expect(said).toEqual(["schedules ended", "pods ended"]);
});

test("one that never says so is not waited for for ever, nor is one that began later", async () => {
  await session("stuck", "Running");
  const tookMs = await end(async () => await session("later", "Running"), 700);
  expect(tookMs).toBeGreaterThan(600);
  expect(tookMs).toBeLessThan(5000);
  expect(said).toEqual(["schedules ended", "pods ended", "session has not ended"]);
});

test("from the end of schedules on a CronJob makes no Job, while Jobs still run", { timeout: 60_000 }, async () => {
  const controllers = await place.controllers();
  await using _runner = await place.runner();
  const jobs = async (owner: string) => {
    const { items } = await place.cluster.list(machineJobs, { namespace }, place);
    return items.filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === owner));
  };
  const every = async (name: string) =>
    await place.create(machineCronJobs, name, { spec: { schedule: "@every 1s", jobTemplate: jobSpec("true") } });
  await every("before");
  await eventually("a Job of the schedule", async () => (await jobs("before")).length > 0);
  await controllers.endSchedules();
  const made = (await jobs("before")).length;
  await every("after");
  await place.create(machineJobs, "still", jobSpec("true"));
  await place.job("still", ({ status }) => status?.succeeded === 1);
  await sleep(2500);
  expect(await jobs("after")).toEqual([]);
  expect((await jobs("before")).length).toBeLessThanOrEqual(made);
  await controllers[Symbol.asyncDispose]();
});
