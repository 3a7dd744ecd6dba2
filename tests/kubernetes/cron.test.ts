import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mistakeInCron } from "../../src/kit/cron.ts";
import { type ControlPlane, controlPlaneMissing, startControlPlane } from "../support/control-plane.ts";
import { badSchedules, goodSchedules } from "../support/cron-schedules.ts";
import { seededRandom } from "../support/random.ts";

const pieces = ["*", "?", "0", "1", "5", "07", "12", "31", "59", "60", "7", "+2", "jan", "SUN", "L", "1#1", "15W", ""];
const joints = ["-", "-", "/", "/", ",", ","];

describe.skipIf(controlPlaneMissing() !== undefined)("an API server", () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane({ withoutKinds: true });
  });
  afterAll(async () => await plane?.stop());

  /** Whether it would take a CronJob with this schedule. Throws when it refuses another thing. */
  async function takes(schedule: string): Promise<boolean> {
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "one", image: "one" }] } };
    const spec = { schedule, jobTemplate: { spec: { template } } };
    const body = { apiVersion: "batch/v1", kind: "CronJob", metadata: { name: "asked" }, spec };
    const path = "/apis/batch/v1/namespaces/default/cronjobs?dryRun=All";
    try {
      await plane.request({ method: "POST", path, body });
      return true;
    } catch (error) {
      if (error instanceof Error && error.message.includes("spec.schedule:")) return false;
      throw error;
    }
  }

  test("takes and refuses the schedules that we take and refuse", async () => {
    const schedules = [...goodSchedules, ...badSchedules.map(([schedule]) => schedule)];
    const judged = await Promise.all(schedules.map(async (schedule) => [schedule, await takes(schedule)]));
    const expected = schedules.map((schedule) => [schedule, mistakeInCron(schedule) === undefined]);
    expect(judged).toEqual(expected);
    expect(expected.filter(([, isGood]) => isGood)).toHaveLength(goodSchedules.length);
  });

  test("judges fields made by chance as we do", async () => {
    const random = seededRandom("schedules");
    const pick = (from: readonly string[]) => from[random.below(from.length)] ?? "";
    const field = () => {
      const more = Array.from({ length: random.below(4) }, () => pick(joints) + pick(pieces));
      return `${pick(pieces)}${more.join("")}`;
    };
    const schedules = Array.from({ length: 400 }, () => {
      const fields = ["*", "*", "*", "*", "*"];
      fields[random.below(5)] = field() || "*";
      return fields.join(" ");
    });
    const differ: string[] = [];
    for (const schedule of schedules) {
      if ((await takes(schedule)) !== (mistakeInCron(schedule) === undefined)) differ.push(schedule);
    }
    expect(differ).toEqual([]);
    expect(schedules.filter((schedule) => mistakeInCron(schedule) === undefined).length).toBeGreaterThan(40);
  });
});
