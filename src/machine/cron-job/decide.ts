import { mistakeInCron, parseCron } from "../../kit/cron.ts";
import { formatTime } from "../../kit/quantities.ts";
import type { News } from "../../kube/recorder.ts";
import { endOf, isGoing, type MachineJob, uidOf } from "../job/job.ts";
import { slotAnnotation } from "./build.ts";
import type { CronJobStatus, JobReference, MachineCronJob } from "./cron-job.ts";
import { expired } from "./history.ts";
import { missedSlots, next, type Schedule } from "./slot.ts";
import { openZone, utc, type Zone } from "./zone.ts";

/** What a CronJob needs next, from it and its Jobs, as Kubernetes' own controller does it. Pure. */

export interface CronJobView {
  readonly cronJob: MachineCronJob;
  /** Those that it controls. */
  readonly jobs: readonly MachineJob[];
  readonly now: Date;
}

export interface CronJobSteps {
  /** The slot whose Job is to be made, after those of `replace` were removed. */
  readonly start: { readonly slot: Date; readonly zone: Zone } | undefined;
  /** Running Jobs that a new one takes the place of. */
  readonly replace: readonly MachineJob[];
  /** More than are to be kept. */
  readonly trim: readonly MachineJob[];
  /** Without what `start` adds; undefined: nothing new. */
  readonly status: CronJobStatus | undefined;
  readonly news: readonly News[];
  readonly requeueAfterMs?: number | undefined;
}

export function decide(view: CronJobView): CronJobSteps {
  const schedule = scheduleOf(view.cronJob);
  const upTo = "type" in schedule ? undefined : next(schedule, view.now);
  const { status, news } = seen(view, upTo);
  const isNew = JSON.stringify(status) !== JSON.stringify(normal(view.cronJob.status));
  const common = { trim: expired(view), replace: [], start: undefined, status: isNew ? status : undefined };
  const { cronJob } = view;
  if (isGoing(cronJob)) return { ...common, news };
  if ("type" in schedule) return { ...common, news: [...news, schedule] };
  if (cronJob.spec.suspend === true) return { ...common, news };
  const due = dueOf(view, schedule, { status, upTo });
  return { ...common, ...due, news: [...news, ...(due.news ?? [])] };
}

/**
 * A time behind the next slot was written by a clock that was ahead. Waiting for it would skip slots, maybe for years;
 * one that lies before the next slot skips none, and a clock that was set back a little starts nothing twice.
 */
function isBelievable(time: string | null | undefined, upTo: Date | undefined): boolean {
  return upTo === undefined || !(Date.parse(time ?? "") > upTo.getTime());
}

interface Seen {
  readonly status: CronJobStatus;
  readonly news: readonly News[];
}

/** What its Jobs have become. `upTo`: the next slot. */
function seen({ cronJob, jobs }: CronJobView, upTo: Date | undefined): Seen {
  const before = normal(cronJob.status);
  const news: News[] = [];
  const active: JobReference[] = [];
  const known = new Map(jobs.map((job) => [uidOf(job), job]));
  for (const reference of before.active ?? []) {
    const job = known.get(reference.uid ?? "");
    const end = job === undefined ? undefined : endOf(job);
    if (job === undefined) {
      news.push({ type: "Normal", reason: "MissingJob", message: `Active job went missing: ${reference.name}` });
    } else if (end !== undefined) {
      const message = `Saw completed job: ${reference.name}, condition: ${end.type}`;
      news.push({ type: "Normal", reason: "SawCompletedJob", message });
    } else active.push(reference);
  }
  const isListed = (job: MachineJob) => active.some(({ uid }) => uid === uidOf(job));
  for (const job of jobs.filter((one) => endOf(one) === undefined && !isListed(one))) {
    // one of a slot that is not in the status: whoever made it was killed before it was written
    if (slotOf(job) !== undefined) {
      active.push(referenceTo(job));
      continue;
    }
    const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
    news.push({ type: "Warning", reason: "UnexpectedJob", message });
  }
  const slots = [before.lastScheduleTime, ...jobs.map(slotOf)].filter((slot) => isBelievable(slot, upTo));
  const lastScheduleTime = latest(slots);
  const lastSuccessfulTime = latest([before.lastSuccessfulTime, ...jobs.map(successOf)]);
  return { news, status: normal({ ...before, active, lastScheduleTime, lastSuccessfulTime }) };
}

/** Empty lists and times that are not there are left out, and times are UTC: so two can be compared. */
function normal(status: CronJobStatus = {}): CronJobStatus {
  const { active, lastScheduleTime, lastSuccessfulTime, ...rest } = status;
  return {
    ...rest,
    ...((active ?? []).length > 0 && { active }),
    ...(lastScheduleTime != null && { lastScheduleTime }),
    ...(lastSuccessfulTime != null && { lastSuccessfulTime }),
  };
}

/** The Job's slot, as the annotation tells it. */
function slotOf({ metadata }: MachineJob): string | undefined {
  const time = Date.parse(metadata.annotations?.[slotAnnotation] ?? "");
  return Number.isNaN(time) ? undefined : formatTime(new Date(time));
}

function successOf(job: MachineJob): string | undefined {
  return endOf(job)?.type === "Complete" ? (job.status?.completionTime ?? undefined) : undefined;
}

function latest(times: readonly (string | null | undefined)[]): string | undefined {
  const known = times.filter((time): time is string => typeof time === "string" && !Number.isNaN(Date.parse(time)));
  return known.sort((one, other) => Date.parse(one) - Date.parse(other)).at(-1);
}

export function referenceTo(job: MachineJob): JobReference {
  const { name, namespace, uid, resourceVersion } = job.metadata;
  return { apiVersion: job.apiVersion, kind: job.kind, name, namespace, uid, resourceVersion };
}

function scheduleOf({ spec }: MachineCronJob): Schedule | News {
  const zone = spec.timeZone == null ? utc : openZone(spec.timeZone);
  if (zone === undefined) {
    const message = `invalid timeZone: ${JSON.stringify(spec.timeZone)}: unknown time zone ${spec.timeZone}`;
    return { type: "Warning", reason: "UnknownTimeZone", message };
  }
  const mistake = mistakeInCron(spec.schedule);
  if (mistake === undefined) return { cron: parseCron(spec.schedule), zone };
  const message = `unparseable schedule: ${JSON.stringify(spec.schedule)} : ${mistake}`;
  return { type: "Warning", reason: "UnparseableSchedule", message };
}

/** A moment later than the slot, so that the clock is past it for sure. */
const lateMs = 100;

/** Nobody knows since when there have been slots: the newest counts as missed. */
const longAgo = "2000-01-01T00:00:00Z";

type Due = Partial<Pick<CronJobSteps, "start" | "replace" | "news" | "requeueAfterMs">>;

interface Known {
  readonly status: CronJobStatus;
  readonly upTo: Date | undefined;
}

function dueOf({ cronJob, jobs, now }: CronJobView, schedule: Schedule, { status, upTo }: Known): Due {
  const { spec, metadata } = cronJob;
  const created = isBelievable(metadata.creationTimestamp, upTo) ? metadata.creationTimestamp : longAgo;
  const begun = new Date(status.lastScheduleTime ?? created ?? now);
  const missed = missedSlots(schedule, begun, now);
  if (missed.kind === "never") {
    const message = `invalid schedule: ${spec.schedule} : it never fires`;
    return { news: [{ type: "Warning", reason: "InvalidSchedule", message }] };
  }
  if (missed.kind === "none") return { requeueAfterMs: leftMs(missed.next, now) };
  const { slot } = missed;
  const requeueAfterMs = leftMs(next(schedule, slot), now);
  const deadlineMs = (spec.startingDeadlineSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  if (slot.getTime() + deadlineMs < now.getTime()) return { requeueAfterMs };
  if (spec.concurrencyPolicy === "Forbid" && (status.active ?? []).length > 0)
    return { news: [alreadyActive], requeueAfterMs };
  const running = jobs.filter((job) => endOf(job) === undefined && !isGoing(job));
  const replace = spec.concurrencyPolicy === "Replace" ? running : [];
  const isTooMany = missed.isMany && spec.startingDeadlineSeconds == null;
  return { start: { slot, zone: schedule.zone }, replace, news: isTooMany ? [tooMany] : [], requeueAfterMs };
}

function leftMs(slot: Date | undefined, now: Date): number | undefined {
  return slot === undefined ? undefined : Math.max(0, slot.getTime() + lateMs - now.getTime());
}

const tooMany: News = {
  ...{ type: "Warning", reason: "TooManyMissedTimes" },
  message: "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
};

const alreadyActive: News = {
  ...{ type: "Normal", reason: "JobAlreadyActive" },
  message: "Not starting job because prior execution is running and concurrency policy is Forbid",
};
