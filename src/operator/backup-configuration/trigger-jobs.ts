import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import { labels } from "../../api/labels.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { type Job, jobs } from "../../kube/core.ts";
import { keyOf } from "../../kube/resource.ts";
import type { World } from "../controller.ts";
import { jobTrouble } from "../view/job-trouble.ts";
import type { ConfigurationView } from "./view.ts";

/** The Jobs that begin sessions on the slots: done ones go, failing ones are told of. */
export interface TriggerJobs {
  /** Whether one still runs, so that someone must look again: a pod that hangs makes no more changes. */
  tend(view: ConfigurationView, waiting: Waiting): Promise<{ readonly isBusy: boolean }>;
}

export function openTriggerJobs(world: World): TriggerJobs {
  /** uid of a Job -> what was told of it. */
  const told = new Map<string, string>();

  async function remove(job: Job, { signal }: Waiting): Promise<void> {
    const { uid } = job.metadata;
    const only = uid === undefined ? {} : { uid };
    await world.cluster.remove(jobs, keyOf(job), { signal, propagation: "Background", ...only });
    told.delete(uid ?? "");
  }
  async function tell(configuration: BackupConfiguration, job: Job, { signal }: Waiting): Promise<void> {
    const { uid = "", name } = job.metadata;
    const trouble = await jobTrouble(world, job, signal);
    if (trouble === undefined || told.get(uid) === trouble) return;
    told.set(uid, trouble);
    const message = `Job ${name}, which should begin a backup, failed: ${trouble}.`;
    await world.recorder.event(configuration, { type: "Warning", reason: "Backup Trigger Failed", message });
  }
  return {
    async tend({ configuration, triggerJobs }, waiting) {
      const open = triggerJobs.filter((job) => triggerState(job) === "open");
      for (const job of triggerJobs) if (triggerState(job) === "done") await remove(job, waiting);
      for (const job of open) await tell(configuration, job, waiting);
      return { isBusy: open.length > 0 };
    },
  };
}

/** Failed ones stay as the CronJob's history says; what there is to tell of them was told when their pod failed. */
export function triggerState({ metadata, status }: Job): "done" | "open" | "over" {
  if (metadata.deletionTimestamp != null) return "over";
  const end = status?.conditions?.find(
    ({ type, status: is }) => (type === "Complete" || type === "Failed") && is === "True",
  );
  if (end?.type === "Complete") return metadata.labels?.[labels.deleteJobOnCompletion] === "true" ? "done" : "over";
  return "open";
}
