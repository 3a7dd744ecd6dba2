import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../tests/support/eventually.ts";
import { memoryCluster, refused } from "../../../tests/support/memory-cluster.ts";
import { silentLog } from "../../kit/log.ts";
import { ownedBy } from "../../kube/core.ts";
import { type KubeObject, keyOf, keyText, type Resource } from "../../kube/resource.ts";
import { openStore, type WritableStore } from "../../kube/store.ts";
import { machineJobs } from "../job/job.ts";
import type { Shared } from "../shared.ts";
import { slotAnnotation } from "./build.ts";
import { machineCronJobs } from "./cron-job.ts";
import { openCronJobController } from "./reconcile.ts";

function followed<T extends KubeObject>(resource: Resource<T>, store: WritableStore<T>): Shared<T> {
  const idle = { ready: Promise.resolve(), stopped: Promise.resolve(), listen: () => undefined };
  return { ...store, ...idle, resource, counts: () => ({ lists: 1, watches: 1, restarts: 0, events: 0 }) };
}

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

test.each<[string, { readonly now: string; readonly isRefused?: boolean }, readonly string[]]>([
  ["when its slot is in the status", { now: "03:30" }, ["replaceStatus", "remove"]],
  [
    "no sooner, when the status is refused at first",
    { now: "03:30", isRefused: true },
    ["no", "replaceStatus", "remove"],
  ],
  ["before the next slot has its own", { now: "04:00" }, ["replaceStatus", "remove", "create", "replaceStatus"]],
])("a Job that is not to be kept goes %s", async (_title, { now, isRefused = false }, expected) => {
  const writes: string[] = [];
  let isOpen = !isRefused;
  const cluster = memoryCluster(({ verb }) => {
    if (verb === "get") return;
    if (!isOpen && verb === "replaceStatus") {
      isOpen = true;
      writes.push("no");
      throw refused(409, "Conflict", "nightly");
    }
    writes.push(verb);
  });
  const place = { namespace: "demo", creationTimestamp: "2026-11-21T02:00:00Z" };
  const spec = { schedule: "0 * * * *", successfulJobsHistoryLimit: 0, jobTemplate: { spec: { template: {} } } };
  const cronJob = await cluster.create(machineCronJobs, { metadata: { name: "nightly", ...place }, spec }, stop);
  const ended = {
    spec: { template: { spec: {} } },
    status: { conditions: [{ type: "Complete", status: "True" }], completionTime: "2026-11-21T03:00:07Z" },
  };
  const annotations = { [slotAnnotation]: "2026-11-21T03:00:00Z" };
  const metadata = { name: "nightly-1", ...place, annotations, ownerReferences: [ownedBy(cronJob)] };
  const job = await cluster.create(machineJobs, { metadata, ...ended }, stop);
  writes.length = 0;
  const [cronJobs, jobs] = [openStore<typeof cronJob>(), openStore<typeof job>()];
  cronJobs.set(cronJob);
  jobs.set(job);
  const controller = openCronJobController(cluster, {
    ...{ cronJobs: followed(machineCronJobs, cronJobs), jobs: followed(machineJobs, jobs) },
    ...{ recorder: { event: async () => undefined }, log: silentLog, signal: stop.signal },
    now: () => new Date(`2026-11-21T${now}:00Z`),
  });
  controller.add(keyText(keyOf(cronJob)));
  await eventually("all that is to be done", async () => writes.length >= expected.length);
  expect(writes).toEqual(expected);
});
