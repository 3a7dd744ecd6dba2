import { z } from "zod";

/**
 * What a Job tells the operator, beyond the status of its session, and what the operator answers: two keys of one
 * ConfigMap that belongs to the session and is named like its Job (the Job may write no other object's data).
 */
export const reportKey = "report";
export const answersKey = "answers";

export const ReportedSnapshot = z.object({
  id: z.string().describe("restic's id, whole"),
  tree: z.string(),
  time: z.string(),
  hostname: z.string(),
  username: z.string().optional(),
  uid: z.int().optional(),
  gid: z.int().optional(),
  paths: z.array(z.string()),
  tags: z.array(z.string()),
});
export type ReportedSnapshot = z.infer<typeof ReportedSnapshot>;

export const ReportedStream = z.object({
  stream: z.string(),
  outcome: z.enum(["saved", "restored", "skipped", "failed"]),
  /** Of the stream at the stored moment. Numbers of 64 bits travel as text. */
  messages: z.string().optional(),
  bytes: z.string().optional(),
  lastSequence: z.string().optional(),
  consumers: z.int().optional(),
  consistency: z.enum(["exact", "fuzzy"]).optional(),
  /** Why it failed or was skipped, or what to know. */
  reason: z.string().optional(),
});
export type ReportedStream = z.infer<typeof ReportedStream>;

export const SessionReport = z.object({
  /** All published snapshots of the repository after this session; the operator makes the Snapshot objects alike. */
  snapshots: z.array(ReportedSnapshot).optional(),
  streams: z.array(ReportedStream).optional(),
  /** Hosts (pod names) whose locks stand in the way: the operator answers which of them are gone. */
  lockHosts: z.array(z.string()).optional(),
});
export type SessionReport = z.infer<typeof SessionReport>;

export const HostState = z.enum(["alive", "gone", "unknown"]);
export type HostState = z.infer<typeof HostState>;

export const SessionAnswers = z.object({ hosts: z.record(z.string(), HostState) });
export type SessionAnswers = z.infer<typeof SessionAnswers>;

/** What the first step of a Job leaves for update-status, as JSON in `<outputDir>/output.json`. */
export const StepOutput = z.object({
  /** As in a session's status, with `ref`, `stats` and `conditions`. */
  targetStatus: z.looseObject({}),
  streams: z.array(ReportedStream),
  /** When what was saved was restored and compared, and whether all came back. */
  proof: z.object({ time: z.string(), isProven: z.boolean() }).optional(),
});
export type StepOutput = z.infer<typeof StepOutput>;
