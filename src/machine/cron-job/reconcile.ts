import type { Log } from "../../kit/log.ts";
import { formatTime } from "../../kit/quantities.ts";
import type { Cluster } from "../../kube/cluster.ts";
import { KubeFailure } from "../../kube/failure.ts";
import { openQueue, type Queue } from "../../kube/queue.ts";
import type { Recorder } from "../../kube/recorder.ts";
import { keyFrom, keyOf, keyText } from "../../kube/resource.ts";
import { controllerOf, endOf, type MachineJob, machineJobs, uidOf } from "../job/job.ts";
import type { Shared } from "../shared.ts";
import { buildJob, jobName } from "./build.ts";
import { type CronJobStatus, type MachineCronJob, machineCronJobs } from "./cron-job.ts";
import { type CronJobSteps, decide, referenceTo } from "./decide.ts";

export interface CronJobControllerOptions {
  readonly cronJobs: Shared<MachineCronJob>;
  readonly jobs: Shared<MachineJob>;
  readonly recorder: Recorder;
  readonly now: () => Date;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Somebody was quicker, or what we follow lags behind: soon it is here. */
const againMs = 50;

/** Makes the Jobs of CronJobs, one a slot, also when it is killed at any point. */
export function openCronJobController(cluster: Cluster, options: CronJobControllerOptions): Queue {
  const { cronJobs, jobs, now, log, signal } = options;
  const ready = Promise.all([cronJobs.ready, jobs.ready]);
  ready.catch(() => undefined);
  const queue = openQueue({
    concurrency: 4,
    ...{ now, signal },
    backOff: { firstMs: 200, mostMs: 60_000 },
    onFailure: (cronJob, error, { failures }) => log.warn({ cronJob, error, failures }, "running a CronJob"),
    async work(text, waiting) {
      await ready;
      const cronJob = cronJobs.get(keyFrom(text));
      if (cronJob === undefined) return undefined;
      return await reconcile({ cluster, cronJob, ...options, ...waiting });
    },
  });
  cronJobs.listen(({ key }) => queue.add(keyText(key)));
  jobs.listen(({ key, before, after }) => {
    const owner = [after, before].flatMap((job) => (job === undefined ? [] : (controllerOf(job) ?? [])))[0];
    if (owner?.kind === "CronJob") queue.add(keyText({ namespace: key.namespace, name: owner.name }));
  });
  return queue;
}

interface Work extends CronJobControllerOptions {
  readonly cluster: Cluster;
  readonly cronJob: MachineCronJob;
}

async function reconcile(work: Work): Promise<{ readonly requeueAfterMs?: number | undefined }> {
  const { cronJob, recorder } = work;
  const steps = decide({ cronJob, jobs: await jobsOf(work), now: work.now() });
  try {
    await perform(work, steps);
  } catch (error) {
    if (!KubeFailure.isReason(error, "Conflict", "NotFound")) throw error;
    return { requeueAfterMs: againMs };
  }
  for (const news of steps.news) void recorder.event(cronJob, news);
  return { requeueAfterMs: steps.requeueAfterMs };
}

/** What is removed may alone have told that its slot had its Job: the status says so first. */
async function perform(work: Work, steps: CronJobSteps): Promise<void> {
  const write = async ({ cronJob }: Work, status: CronJobStatus) =>
    await work.cluster.replaceStatus(machineCronJobs, { ...cronJob, status }, { signal: work.signal });
  const seen = steps.status === undefined ? work : { ...work, cronJob: await write(work, steps.status) };
  for (const job of steps.trim) await remove(work, job);
  if (steps.start === undefined) return;
  const status = await start(seen, steps.start, steps.replace);
  if (status !== undefined) await write(seen, status);
}

/** Of those that the status names the server is asked, when we have not heard of them. */
async function jobsOf({ cluster, cronJob, jobs, signal }: Work): Promise<readonly MachineJob[]> {
  const uid = uidOf(cronJob);
  const known = jobs.ownedBy(uid).filter((job) => controllerOf(job)?.uid === uid);
  const uids = new Set<string | undefined>(known.map(uidOf));
  const asked = (cronJob.status?.active ?? []).filter((reference) => !uids.has(reference.uid));
  const found = await Promise.all(
    asked.map(async ({ name = "", uid: job }) => {
      const live = await cluster.get(machineJobs, { namespace: cronJob.metadata.namespace, name }, { signal });
      return live !== undefined && live.metadata.uid === job ? [live] : [];
    }),
  );
  return [...known, ...found.flat()];
}

/** The status with the new Job. Throws Conflict when the CronJob is not as we thought. */
async function start(
  work: Work,
  { slot, zone }: NonNullable<CronJobSteps["start"]>,
  replace: CronJobSteps["replace"],
): Promise<CronJobStatus | undefined> {
  const { cluster, cronJob, signal } = work;
  const live = await cluster.get(machineCronJobs, keyOf(cronJob), { signal });
  if (live?.metadata.uid !== cronJob.metadata.uid) return undefined;
  // as a write would be refused that is made on an older one
  if (live?.metadata.resourceVersion !== cronJob.metadata.resourceVersion) throw stale(cronJob);
  for (const job of replace) await remove(work, job);
  const replaced = new Set<string | undefined>(replace.map(uidOf));
  const job = await create(work, buildJob(cronJob, slot, zone), jobName(cronJob, slot));
  const before = cronJob.status ?? {};
  const active = (before.active ?? []).filter(({ uid }) => !replaced.has(uid) && uid !== job?.metadata.uid);
  const reference = job === undefined || endOf(job) !== undefined ? [] : [referenceTo(job)];
  return { ...before, active: [...active, ...reference], lastScheduleTime: formatTime(slot) };
}

function stale({ metadata }: MachineCronJob): KubeFailure {
  return new KubeFailure("object-changed", `CronJob ${metadata.name} has changed`, { status: 409, reason: "Conflict" });
}

/** The Job of the slot, which may have been made before. undefined: the name is taken by another, and nothing is to be done. */
async function create(
  { cluster, cronJob, recorder, signal }: Work,
  draft: ReturnType<typeof buildJob>,
  name: string,
): Promise<MachineJob | undefined> {
  try {
    const job = await cluster.create(machineJobs, draft, { signal });
    void recorder.event(cronJob, { type: "Normal", reason: "SuccessfulCreate", message: `Created job ${name}` });
    return job;
  } catch (error) {
    const isTaken = KubeFailure.isReason(error, "AlreadyExists");
    const key = { namespace: cronJob.metadata.namespace, name };
    const there = isTaken ? await cluster.get(machineJobs, key, { signal }) : undefined;
    if (there !== undefined && controllerOf(there)?.uid === uidOf(cronJob)) return there;
    if (!signal.aborted) {
      const message = `Error creating job: ${error instanceof Error ? error.message : String(error)}`;
      void recorder.event(cronJob, { type: "Warning", reason: "FailedCreate", message });
    }
    if (there === undefined) throw error;
    return undefined;
  }
}

async function remove({ cluster, cronJob, recorder, signal }: Work, job: MachineJob): Promise<void> {
  const options = { signal, propagation: "Background", uid: uidOf(job) } as const;
  if (!(await cluster.remove(machineJobs, keyOf(job), options))) return;
  const message = `Deleted job ${job.metadata.name}`;
  void recorder.event(cronJob, { type: "Normal", reason: "SuccessfulDelete", message });
}
