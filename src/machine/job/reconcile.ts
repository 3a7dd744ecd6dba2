import type { Log } from "../../kit/log.ts";
import type { BackOff } from "../../kube/backoff.ts";
import type { Cluster } from "../../kube/cluster.ts";
import { KubeFailure } from "../../kube/failure.ts";
import { openQueue, type Queue } from "../../kube/queue.ts";
import type { Recorder } from "../../kube/recorder.ts";
import { keyFrom, keyOf, keyText } from "../../kube/resource.ts";
import type { Shared } from "../shared.ts";
import { decide, type JobSteps } from "./decide.ts";
import { openExpected } from "./expected.ts";
import { controllerOf, isGoing, type JobPod, jobPods, type MachineJob, machineJobs, uidOf } from "./job.ts";
import { buildPod, isTracked } from "./pod.ts";
import { release } from "./release.ts";

export interface JobControllerOptions {
  readonly jobs: Shared<MachineJob>;
  readonly pods: Shared<JobPod>;
  readonly recorder: Recorder;
  readonly backOff: BackOff;
  readonly now: () => Date;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Changes that only the figures of a status follow are collected for so long. */
const calmMs = 1000;
/** Somebody was quicker, or what we follow lags behind: soon it is here. */
const againMs = 50;
const ours = "kubernetes.io/job-controller";

/** Makes the pods of Jobs and counts their ends, each once, also when it is killed at any point. */
export function openJobController(cluster: Cluster, options: JobControllerOptions): Queue {
  const { jobs, pods, now, log, signal } = options;
  const expected = openExpected(pods);
  /** uids of pods whose finalizer was taken away, until what we follow shows it. */
  const released = new Set<string>();
  /** uids of pods whose removal was asked for, likewise. */
  const removed = new Set<string>();
  const ready = Promise.all([jobs.ready, pods.ready]);
  ready.catch(() => undefined);
  const queue = openQueue({
    concurrency: 8,
    ...{ now, signal },
    backOff: { firstMs: 200, mostMs: 60_000 },
    onFailure: (job, error, { failures }) => log.warn({ job, error, failures }, "running a Job"),
    async work(text, waiting) {
      await ready;
      const job = jobs.get(keyFrom(text));
      const { managedBy } = job?.spec ?? {};
      if (job === undefined || (managedBy != null && managedBy !== ours)) return undefined;
      return await reconcile({ cluster, job, expected, released, removed, ...options, ...waiting });
    },
  });
  jobs.listen(({ key }) => queue.add(keyText(key)));
  pods.listen(({ key, before, after }) => {
    const pod = after ?? before;
    if (pod === undefined) return;
    if (after === undefined || !isTracked(after)) released.delete(uidOf(pod));
    if (after === undefined || isGoing(after)) removed.delete(uidOf(pod));
    const owner = controllerOf(pod);
    if (owner?.kind !== "Job") return;
    const job = keyText({ namespace: key.namespace, name: owner.name });
    if (isUrgent(before, after)) queue.add(job);
    else queue.addAfter(job, calmMs);
  });
  return queue;
}

/** Whether something may have to be done because of it. */
function isUrgent(before: JobPod | undefined, after: JobPod | undefined): boolean {
  if (after === undefined) return true;
  const hasEnded = after.status?.phase === "Succeeded" || after.status?.phase === "Failed";
  return hasEnded || (isGoing(after) && !(before !== undefined && isGoing(before)));
}

interface Work extends JobControllerOptions {
  readonly cluster: Cluster;
  readonly job: MachineJob;
  readonly expected: ReturnType<typeof openExpected>;
  readonly released: Set<string>;
  readonly removed: Set<string>;
}

/** What ends is named, let go of, and counted: each a round. */
const mostRounds = 8;

async function reconcile(work: Work): Promise<{ readonly requeueAfterMs?: number | undefined }> {
  const { expected, signal } = work;
  let { job } = work;
  for (let round = 1; round <= mostRounds; round++) {
    const steps = decide({ ...work, job, pods: podsOf(work), now: work.now() });
    try {
      const written = await perform({ ...work, job }, steps);
      if (written === undefined) return { requeueAfterMs: againMs };
      job = written;
    } catch (error) {
      if (signal.aborted || !KubeFailure.isReason(error, "Conflict", "NotFound")) throw error;
      return { requeueAfterMs: againMs };
    }
    if (steps.status === undefined && steps.release.length === 0)
      return { requeueAfterMs: expected.has(uidOf(job)) ? calmMs : steps.requeueAfterMs };
  }
  return { requeueAfterMs: calmMs };
}

function podsOf({ pods, expected, job }: Work): readonly JobPod[] {
  const uid = uidOf(job);
  const known = pods.ownedBy(uid).filter((pod) => controllerOf(pod)?.uid === uid);
  const uids = new Set(known.map(uidOf));
  return [...known, ...expected.of(uid).filter((pod) => !uids.has(uidOf(pod)))];
}

/** The Job as it is then; undefined: it is gone, or not as we thought. */
async function perform(work: Work, steps: JobSteps): Promise<MachineJob | undefined> {
  const { cluster, job, recorder, signal } = work;
  if (steps.isExpired) {
    await cluster.remove(machineJobs, keyOf(job), { signal, propagation: "Background", uid: uidOf(job) });
    return undefined;
  }
  let { status } = steps;
  if (steps.create.length > 0) {
    if (!(await isFresh(work))) return undefined;
    for (const name of steps.create) await create(work, name);
    status = decide({ ...work, pods: podsOf(work), now: work.now() }).status;
  }
  const written = status === undefined ? job : await cluster.replaceStatus(machineJobs, { ...job, status }, { signal });
  for (const news of steps.news) void recorder.event(job, news);
  for (const { pod, isCounted } of steps.remove) await remove(work, pod, isCounted);
  await Promise.all(steps.release.map((pod) => letGo(work, pod)));
  return written;
}

/** Asks the server, for how many pods there were is what the next one's name says. */
async function isFresh({ cluster, job, signal }: Work): Promise<boolean> {
  const live = await cluster.get(machineJobs, keyOf(job), { signal });
  return live?.metadata.uid === job.metadata.uid && live?.metadata.resourceVersion === job.metadata.resourceVersion;
}

async function create(work: Work, name: string): Promise<void> {
  const { cluster, job, recorder, expected, signal } = work;
  try {
    expected.add(uidOf(job), await cluster.create(jobPods, buildPod(job, name), { signal }));
  } catch (error) {
    if (KubeFailure.isReason(error, "AlreadyExists") && (await isOurs(work, name))) return;
    if (signal.aborted) throw error;
    const message = `Error creating: ${error instanceof Error ? error.message : String(error)}`;
    void recorder.event(job, { type: "Warning", reason: "FailedCreate", message });
    throw error;
  }
  void recorder.event(job, { type: "Normal", reason: "SuccessfulCreate", message: `Created pod: ${name}` });
}

/** Made before, by somebody who was killed then or a moment ago. */
async function isOurs({ cluster, job, expected, signal }: Work, name: string): Promise<boolean> {
  const there = await cluster.get(jobPods, { namespace: job.metadata.namespace, name }, { signal });
  if (there === undefined) return true;
  if (controllerOf(there)?.uid !== uidOf(job)) return false;
  expected.add(uidOf(job), there);
  return true;
}

async function remove(work: Work, pod: JobPod, isCounted: boolean): Promise<void> {
  const { cluster, job, recorder, removed, signal } = work;
  if (removed.has(uidOf(pod))) return;
  if (!isCounted) await letGo(work, pod);
  const isRemoved = await cluster.remove(jobPods, keyOf(pod), { signal, uid: uidOf(pod), propagation: "Background" });
  const known = work.pods.get(keyOf(pod));
  if (known !== undefined && uidOf(known) === uidOf(pod) && !isGoing(known)) removed.add(uidOf(pod));
  if (!isRemoved) return;
  const message = `Deleted pod: ${pod.metadata.name}`;
  void recorder.event(job, { type: "Normal", reason: "SuccessfulDelete", message });
}

async function letGo({ cluster, pods, released, signal }: Work, pod: JobPod): Promise<void> {
  await release(cluster, pod, { signal });
  const known = pods.get(keyOf(pod));
  if (known !== undefined && uidOf(known) === uidOf(pod) && isTracked(known)) released.add(uidOf(pod));
}
