import type { Repository } from "../../api/repository.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { type Job, jobs } from "../../kube/core.ts";
import { keyText } from "../../kube/resource.ts";
import { createOnce, ensure } from "../../kube/update.ts";
import type { Outcome, World } from "../controller.ts";
import { ensurePullSecrets } from "../pull-secret.ts";
import { jobTrouble } from "../view/job-trouble.ts";
import { buildWipeOut, wipeOutName } from "./build.ts";
import type { WipeOut } from "./decide.ts";

/** The Jobs that delete Repositories' data. */
export interface WipeOuts {
  view(repository: Repository): WipeOut;
  start(repository: Repository, waiting: Waiting): Promise<Outcome>;
  /** Tells once why a pod of it failed. */
  watch(repository: Repository, waiting: Waiting): Promise<Outcome>;
  discard(repository: Repository, waiting: Waiting): Promise<Outcome>;
  tellSuccess(repository: Repository): Promise<void>;
}

const recheckMs = 15_000;
const advice =
  "Mend the cause, and it is tried again; or set spec.wipeOut to false to let the Repository go and keep the data.";

export function openWipeOuts(world: World): WipeOuts {
  const { cluster, caches, recorder, settings } = world;
  /** What was told last of each Repository. */
  const told = new Map<string, string>();
  const keyFor = ({ metadata }: Repository) => ({
    namespace: metadata.namespace,
    name: wipeOutName(metadata.name ?? ""),
  });
  const jobOf = (repository: Repository) => caches.jobs.get(keyFor(repository));
  return {
    view: (repository) => wipeOutOf(jobOf(repository), repository.metadata.uid),
    async start(repository, waiting) {
      const pullSecrets = await ensurePullSecrets(world, repository, waiting);
      for (const { resource, draft } of buildWipeOut(repository, { settings, pullSecrets })) {
        if (resource.kind === jobs.kind) await createOnce(cluster, resource, draft, waiting);
        else await ensure(cluster, resource, draft, waiting);
      }
      const message = "Deleting the data in the backend (spec.wipeOut): a Job has begun.";
      await recorder.event(repository, { type: "Normal", reason: "Wipe Out Started", message });
      return { requeueAfterMs: recheckMs };
    },
    async watch(repository, { signal }) {
      const job = jobOf(repository);
      const trouble = job === undefined ? undefined : await jobTrouble(world, job, signal);
      const name = keyText(keyFor(repository));
      if (trouble !== undefined && told.get(name) !== `${job?.metadata.uid} ${trouble}`) {
        told.set(name, `${job?.metadata.uid} ${trouble}`);
        const message = `Deleting the data in the backend failed: ${trouble}. ${advice}`;
        await recorder.event(repository, { type: "Warning", reason: "Wipe Out Failed", message });
      }
      return { requeueAfterMs: recheckMs };
    },
    async discard(repository, waiting) {
      await cluster.remove(jobs, keyFor(repository), { ...waiting, propagation: "Background" });
      return { requeueAfterMs: 1000 };
    },
    async tellSuccess(repository) {
      told.delete(keyText(keyFor(repository)));
      const message = "All data in the backend was deleted.";
      await recorder.event(repository, { type: "Normal", reason: "Wipe Out Succeeded", message });
      world.log.info({ repository: keyText(keyFor(repository)) }, "data was deleted");
    },
  };
}

/** What a Job says of the deletion. One of an earlier Repository of that name does not count; it goes by itself. */
export function wipeOutOf(job: Job | undefined, uid: string | undefined): WipeOut {
  const isOurs = job?.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
  if (job === undefined || !isOurs) return { state: "absent" };
  if (job.metadata.deletionTimestamp != null) return { state: "running" };
  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
  if (end === undefined) return { state: "running" };
  if (end.type === "Complete") return { state: "succeeded" };
  return { state: "failed", since: new Date(end.lastTransitionTime ?? 0) };
}
