import { z } from "zod";

/** How objects name each other. */

export const TargetRef = z.object({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional().describe("Empty: the namespace of the object that names it."),
});
export type TargetRef = z.infer<typeof TargetRef>;

export const TaskParam = z.object({ name: z.string(), value: z.string() });
export type TaskParam = z.infer<typeof TaskParam>;

export const TaskRef = z.object({
  name: z.string().optional().describe("Name of the Task, for example nats-backup-2.8.2."),
  params: z.array(TaskParam).optional().describe("Settings of the Task; they win over those of the AppBinding."),
});
export type TaskRef = z.infer<typeof TaskRef>;

export const RepositoryRef = z.object({
  name: z.string().describe("Name of the Repository."),
  namespace: z.string().optional().describe("Its namespace; empty: this one."),
});
export type RepositoryRef = z.infer<typeof RepositoryRef>;

export const InvokerRef = z.object({
  apiGroup: z.string().optional(),
  kind: z.string().describe("BackupConfiguration or BackupBatch."),
  name: z.string(),
});
export type InvokerRef = z.infer<typeof InvokerRef>;
