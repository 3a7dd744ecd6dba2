import { parseGoDuration } from "../../api/duration.ts";
import { jobs, type PodTemplate } from "../../kube/core.ts";
import { type MadeObject, type Metadata, made } from "../made.ts";
import type { Run } from "./run.ts";

/** The Job of a session. It is never tried again by Kubernetes: another try is another session. */
export function buildJob(
  metadata: Metadata,
  template: PodTemplate,
  activeDeadlineSeconds: number | undefined,
): MadeObject {
  const deadline = activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds };
  return made(jobs, { metadata, spec: { backoffLimit: 0, ...deadline, template } });
}

/**
 * Seconds that are left of the session's time. timeOut counts from the session's creation, the Job's limit from the Job's start;
 * a session that waited has less. At least 1: a Job takes no 0.
 */
export function secondsLeft({ session, invoker }: Run, now: Date): number | undefined {
  const { timeOut } = invoker.spec;
  const created = session.metadata.creationTimestamp ?? undefined;
  const written = session.status?.sessionDeadline;
  if (written === undefined && (timeOut === undefined || created === undefined)) return undefined;
  const deadline = written ?? new Date(Date.parse(created ?? "") + parseGoDuration(timeOut ?? "0s")).toISOString();
  return Math.max(1, Math.ceil((Date.parse(deadline) - now.getTime()) / 1000));
}
