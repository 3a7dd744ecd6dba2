import { z } from "zod";
import { Metadata } from "../../api/document.ts";
import { cronJobs } from "../../kube/core.ts";
import type { Resource } from "../../kube/resource.ts";

/** A CronJob as far as its controller reads it. Loose: what is not named is kept as it came. */

const text = z.string().optional();
const texts = z.record(z.string(), z.string()).nullish();
const count = z.int().nullish();

export const JobReference = z.looseObject({ name: text, namespace: text, uid: text });
export type JobReference = z.infer<typeof JobReference>;

const CronJobStatus = z.looseObject({
  active: z.array(JobReference).nullish(),
  lastScheduleTime: text.nullable(),
  lastSuccessfulTime: text.nullable(),
});
export type CronJobStatus = z.infer<typeof CronJobStatus>;

export const MachineCronJob = z.looseObject({
  ...{ apiVersion: z.string(), kind: z.string(), metadata: Metadata },
  spec: z.looseObject({
    schedule: z.string(),
    timeZone: text.nullable(),
    suspend: z.boolean().nullish(),
    concurrencyPolicy: text,
    startingDeadlineSeconds: count,
    successfulJobsHistoryLimit: count,
    failedJobsHistoryLimit: count,
    jobTemplate: z.looseObject({
      metadata: z.looseObject({ labels: texts, annotations: texts }).nullish(),
      spec: z.record(z.string(), z.unknown()),
    }),
  }),
  status: CronJobStatus.optional(),
});
export type MachineCronJob = z.infer<typeof MachineCronJob>;

export const machineCronJobs: Resource<MachineCronJob> = { ...cronJobs, schema: MachineCronJob };
