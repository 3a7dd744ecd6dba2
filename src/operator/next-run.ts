import type { BackupConfiguration } from "../api/backup-configuration.ts";
import { mistakeInCron, nextRun, parseCron } from "../kit/cron.ts";
import type { CronJob } from "../kube/core.ts";

/** When its CronJob fires next; undefined while there is none, or it never does. */
export function nextRunOf({ spec }: BackupConfiguration, cronJob: CronJob | undefined, now: Date): Date | undefined {
  const { schedule = "" } = spec;
  if (cronJob === undefined || mistakeInCron(schedule) !== undefined) return undefined;
  const cron = parseCron(schedule);
  if (cron.kind === "fields") return nextRun(cron, now);
  // `@every` counts from the last time, or from the CronJob's beginning
  const last = cronJob.status?.lastScheduleTime ?? cronJob.metadata.creationTimestamp ?? "";
  return nextRun(cron, new Date(Number.isNaN(Date.parse(last)) ? now : last));
}
