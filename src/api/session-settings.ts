import { z } from "zod";
import { GoDuration } from "./duration.ts";
import { Quantity } from "./kubernetes.ts";
import { Int32 } from "./structural.ts";

/** What both directions have in common: driver, order, scratch space, time limit. */

export const Driver = z
  .enum(["Restic", "VolumeSnapshotter"])
  .default("Restic")
  .describe("How the data is stored; for NATS always Restic.");
export type Driver = z.infer<typeof Driver>;

export const ExecutionOrder = z.enum(["Parallel", "Sequential"]).default("Parallel").describe("The members' order.");
export type ExecutionOrder = z.infer<typeof ExecutionOrder>;

export const TempDir = z
  .object({
    medium: z.string().optional().describe("Memory, or empty for the node's disk."),
    sizeLimit: Quantity.optional(),
    disableCaching: z.boolean().optional().describe("Run restic without its cache."),
  })
  .describe("The emptyDir for temporary files.");
export type TempDir = z.infer<typeof TempDir>;

export const TimeOut = GoDuration.describe("The session fails when it takes longer, for example 30m or 2h45m.");

export const RetryConfig = z
  .object({
    maxRetry: Int32.default(1).describe("How often a failed session is tried again."),
    delay: GoDuration.optional().describe("How long to wait before."),
  })
  .describe("Trying failed sessions again; without it there is no other try.");
export type RetryConfig = z.infer<typeof RetryConfig>;
