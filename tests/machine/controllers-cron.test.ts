import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MachineCronJob, machineCronJobs } from "../../src/machine/cron-job/cron-job.ts";
import { machineJobs, uidOf } from "../../src/machine/job/job.ts";
import { eventually } from "../support/eventually.ts";
import { type ControllersPlace, isTrue, jobSpec, namespace, openControllersPlace } from "./controllers-place.ts";
import { servers } from "./servers.ts";

/** By the controllers' clock a slot of each minute comes a second or two after a test begins. */
function clockBefore(slot: string): () => Date {
  const shift = Date.parse(slot) - 1500 - Date.now();
  return () => new Date(Date.now() + shift);
}

describe.each(servers)("the CronJob controller beside $name", ({ start, missing }) => {
  let place: ControllersPlace;
  beforeAll(async () => {
    if (missing !== undefined) return;
    place = await openControllersPlace(await start());
  }, 120_000);
  afterAll(async () => await place?.[Symbol.asyncDispose]());

  /** Not within the next 15 seconds, so that what is made now is made before it, also on a busy machine. */
  async function nextMinute(): Promise<string> {
    const leftMs = 60_000 - (Date.now() % 60_000);
    // a timer may come a moment early: that would still be the minute before
    if (leftMs < 15_000) await new Promise((resolve) => setTimeout(resolve, leftMs + 100));
    return new Date(Math.ceil(Date.now() / 60_000) * 60_000).toISOString();
  }
  const minutes = (slot: string) => Date.parse(slot) / 60_000;
  async function make(name: string, spec: object = {}, script = "true"): Promise<void> {
    const jobTemplate = { metadata: { labels: { app: name } }, ...jobSpec(script) };
    await place.create(machineCronJobs, name, { spec: { schedule: "* * * * *", jobTemplate, ...spec } });
  }
  async function cronJob(name: string, is: (cronJob: MachineCronJob) => boolean): Promise<MachineCronJob> {
    return await eventually(`CronJob ${name}`, async () => {
      const found = await place.cluster.get(machineCronJobs, { namespace, name }, place);
      return found !== undefined && is(found) && found;
    });
  }
  const jobsOf = async (name: string) =>
    (await place.cluster.list(machineJobs, { namespace, labelSelector: `app=${name}` }, place)).items;
  const remove = async (name: string) =>
    await place.cluster.remove(machineCronJobs, { namespace, name }, { ...place, propagation: "Background" });

  test.skipIf(missing !== undefined)("makes the Job of a slot, once, and keeps its status", async () => {
    const slot = await nextMinute();
    await using _runner = await place.runner();
    const first = await place.controllers({ now: clockBefore(slot) });
    await make("nightly", { timeZone: "Asia/Kolkata" });
    const name = `nightly-${minutes(slot)}`;
    const done = await place.job(name, isTrue("Complete"));
    const found = await cronJob("nightly", ({ status }) => status?.lastSuccessfulTime != null && status.active == null);
    expect(found.status?.lastScheduleTime).toBe(slot.replace(".000Z", "Z"));
    const local = new Date(Date.parse(slot) + 5.5 * 3_600_000).toISOString().replace(".000Z", "+05:30");
    expect(done.metadata).toMatchObject({
      labels: { app: "nightly" },
      annotations: { "batch.kubernetes.io/cronjob-scheduled-timestamp": local },
      ownerReferences: [{ kind: "CronJob", name: "nightly", uid: uidOf(found), controller: true }],
    });
    // controllers that end do not tell what they have not yet told
    await eventually("the events", async () => (await place.reasons("nightly")).length >= 2);
    await first[Symbol.asyncDispose]();
    expect((await place.reasons("nightly")).toSorted()).toEqual(["SawCompletedJob", "SuccessfulCreate"]);
    // another that begins in the same minute does not begin the slot again
    await place.cluster.remove(machineJobs, { namespace, name }, { ...place, propagation: "Background" });
    await using _second = await place.controllers({ now: () => new Date(Date.parse(slot) + 5000) });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await jobsOf("nightly")).toEqual([]);
    await remove("nightly");
  });

  test.skipIf(missing !== undefined).each([
    ["Allow", 2, 2],
    ["Forbid", 1, 1],
    ["Replace", 1, 1],
  ])("with %s has %i Jobs when a slot comes while one runs", async (concurrencyPolicy, count) => {
    const name = concurrencyPolicy.toLowerCase();
    const slot = await nextMinute();
    const later = new Date(Date.parse(slot) + 60_000).toISOString();
    await make(name, { concurrencyPolicy }, "sleep 600");
    const first = await place.controllers({ now: clockBefore(slot) });
    await cronJob(name, ({ status }) => status?.active?.length === 1);
    await eventually("its event", async () => (await place.reasons(name)).includes("SuccessfulCreate"));
    await first[Symbol.asyncDispose]();
    await using _second = await place.controllers({ now: clockBefore(later) });
    const reason = { Allow: "SuccessfulCreate", Forbid: "JobAlreadyActive", Replace: "SuccessfulDelete" }[
      concurrencyPolicy
    ];
    await eventually("the slot", async () => {
      const reasons = await place.reasons(name);
      return (
        reasons.includes(reason ?? "") &&
        (concurrencyPolicy === "Forbid" || reasons.filter((one) => one === "SuccessfulCreate").length === 2)
      );
    });
    const open = (await jobsOf(name)).filter(({ metadata }) => metadata.deletionTimestamp == null);
    expect(open).toHaveLength(count);
    expect(open.at(-1)?.metadata.name).toBe(`${name}-${minutes(concurrencyPolicy === "Forbid" ? slot : later)}`);
    // which is told after the events
    const uids = open.map(uidOf);
    await cronJob(name, ({ status }) =>
      isDeepStrictEqual(
        status?.active?.map(({ uid }) => uid),
        uids,
      ),
    );
    await remove(name);
  });

  test.skipIf(missing !== undefined)("runs the newest of many missed slots, and says so", async () => {
    await make("late");
    const slot = new Date(Math.floor(Date.now() / 60_000 + 150) * 60_000);
    await using _controllers = await place.controllers({ now: () => new Date(slot.getTime() + 10_000) });
    await eventually("the Job", async () => (await jobsOf("late")).length === 1);
    expect((await jobsOf("late"))[0]?.metadata.name).toBe(`late-${slot.getTime() / 60_000}`);
    await eventually("the event", async () => (await place.reasons("late")).includes("TooManyMissedTimes"));
    await remove("late");
  });

  test.skipIf(missing !== undefined)("leaves a suspended one alone", async () => {
    await make("resting", { suspend: true });
    await using _controllers = await place.controllers({ now: () => new Date(Date.now() + 600_000) });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await jobsOf("resting")).toEqual([]);
    await remove("resting");
  });
});
