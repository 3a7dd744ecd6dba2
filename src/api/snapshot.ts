import { z } from "zod";
import { documentOf } from "./document.ts";
import { Int32, Time } from "./structural.ts";

/** A snapshot in a repository, as the last session saw it: made and deleted by the operator. */
export const SnapshotStatus = z.object({
  id: z.string().optional().describe("The first eight characters of restic's id."),
  snapshotID: z.string().optional().describe("restic's id."),
  time: Time.optional().describe("When it was made."),
  tree: z.string().optional(),
  paths: z.array(z.string()).optional(),
  hostname: z.string().optional().describe("The alias, or host-0."),
  username: z.string().optional(),
  uid: Int32.optional(),
  gid: Int32.optional(),
  tags: z.array(z.string()).optional(),
  repository: z.string().optional().describe("Name of the Repository."),
});
export type SnapshotStatus = z.infer<typeof SnapshotStatus>;

export const Snapshot = documentOf("Snapshot", { status: SnapshotStatus.optional() });
export type Snapshot = z.infer<typeof Snapshot>;
