import { formatTime } from "../../kit/quantities.ts";
import type { Draft } from "../../kube/cluster.ts";
import { ownedBy } from "../../kube/core.ts";
import type { MachineCronJob } from "./cron-job.ts";
import type { Zone } from "./zone.ts";

/** On every Job of a CronJob: its slot. */
export const slotAnnotation = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/** One name a slot, so that whoever makes it twice is refused by the server. */
export function jobName(cronJob: MachineCronJob, slot: Date): string {
  return `${cronJob.metadata.name}-${Math.floor(slot.getTime() / 60_000)}`;
}

export function buildJob(cronJob: MachineCronJob, slot: Date, zone: Zone): Draft {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    metadata: {
      ...{ name: jobName(cronJob, slot), namespace: cronJob.metadata.namespace },
      ...(metadata?.labels == null ? {} : { labels: metadata.labels }),
      annotations: { ...metadata?.annotations, [slotAnnotation]: timeIn(slot, zone) },
      ownerReferences: [ownedBy(cronJob)],
    },
    spec,
  };
}

/** RFC 3339 as clocks there show it. */
function timeIn(slot: Date, zone: Zone): string {
  const offsetMs = zone.offsetMs(slot);
  const local = formatTime(new Date(slot.getTime() + offsetMs));
  if (offsetMs === 0) return local;
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${local.slice(0, -1)}${offsetMs < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
