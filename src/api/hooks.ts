import { z } from "zod";
import { ExecAction, HTTPGetAction, TCPSocketAction } from "./kubernetes.ts";
import { intOrText } from "./structural.ts";

export const HTTPPostAction = z.object({
  host: z.string().optional(),
  port: intOrText(),
  path: z.string().optional(),
  scheme: z.string().optional(),
  httpHeaders: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
  body: z.string().optional().describe("What to send; may hold a template."),
  form: z
    .array(z.object({ key: z.string(), values: z.array(z.string()).optional() }))
    .optional()
    .describe("What to send as a form, instead of body."),
});
export type HTTPPostAction = z.infer<typeof HTTPPostAction>;

/** What a hook does. When several are given all run, in this order; the first failure ends it. */
export const Handler = z.object({
  exec: ExecAction.optional().describe("A command in a pod of the database; may hold templates."),
  httpGet: HTTPGetAction.optional(),
  httpPost: HTTPPostAction.optional(),
  tcpSocket: TCPSocketAction.optional(),
  containerName: z.string().optional().describe("The pod's container; empty: the first."),
});
export type Handler = z.infer<typeof Handler>;

export const PostBackupHook = Handler.extend({
  executionPolicy: z
    .enum(["Always", "OnFailure", "OnSuccess", "OnFinalRetryFailure"])
    .default("Always")
    .describe("After which outcome it runs."),
});
export type PostBackupHook = z.infer<typeof PostBackupHook>;

export const BackupHooks = z.object({
  preBackup: Handler.optional().describe("Runs first; when it fails there is no backup."),
  postBackup: PostBackupHook.optional().describe("Runs last."),
});
export type BackupHooks = z.infer<typeof BackupHooks>;

export const PostRestoreHook = Handler.extend({
  executionPolicy: z
    .enum(["Always", "OnFailure", "OnSuccess"])
    .default("Always")
    .describe("After which outcome it runs."),
});
export type PostRestoreHook = z.infer<typeof PostRestoreHook>;

export const RestoreHooks = z.object({
  preRestore: Handler.optional().describe("Runs first; when it fails nothing is restored."),
  postRestore: PostRestoreHook.optional().describe("Runs last."),
});
export type RestoreHooks = z.infer<typeof RestoreHooks>;
