import { endOf, isGoing, type MachineJob } from "../job/job.ts";
import type { MachineCronJob } from "./cron-job.ts";

/** Of the Jobs that have ended, the oldest that are more than the limits say. Kubernetes' API server fills in 3 and 1. */
export function expired({
  cronJob,
  jobs,
}: {
  readonly cronJob: MachineCronJob;
  readonly jobs: readonly MachineJob[];
}): readonly MachineJob[] {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec;
  const of = (type: string) => jobs.filter((job) => !isGoing(job) && endOf(job)?.type === type);
  return [
    ...oldest(of("Complete"), successfulJobsHistoryLimit ?? 3),
    ...oldest(of("Failed"), failedJobsHistoryLimit ?? 1),
  ];
}

function oldest(jobs: readonly MachineJob[], keep: number): readonly MachineJob[] {
  const time = ({ metadata, status }: MachineJob) => Date.parse(status?.startTime ?? metadata.creationTimestamp ?? "");
  const sorted = jobs.toSorted(
    (one, other) => time(one) - time(other) || (one.metadata.name ?? "").localeCompare(other.metadata.name ?? ""),
  );
  return sorted.slice(0, Math.max(0, jobs.length - keep));
}
