import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { HostBackupStats } from "../api/backup-session.ts";
import { apiVersionOf } from "../api/kinds.ts";
import { outputFile } from "../api/labels.ts";
import { StepOutput } from "../api/session-report.ts";
import { Failure } from "../kit/failures.ts";
import { writeWhole } from "../kit/whole-file.ts";

/** What a step found out about its target: `targetStatus` of a StepOutput, as our own steps write it. */
export const TargetOutput = z.looseObject({
  stats: z.array(HostBackupStats).default([]),
  conditions: z
    .array(
      z.object({
        type: z.enum(["StreamsBackedUp", "StreamsRestored", "BackupProven"]),
        status: z.enum(["True", "False", "Unknown"]),
        reason: z.string(),
        message: z.string(),
      }),
    )
    .default([]),
});
export type TargetOutput = z.infer<typeof TargetOutput>;

export interface Output {
  readonly target: Pick<TargetOutput, "stats" | "conditions">;
  readonly streams: StepOutput["streams"];
  readonly proof?: StepOutput["proof"];
}

/** Leaves what a step found out, for update-status. Whole or not at all. */
export async function writeOutput(
  folder: string,
  { target, streams, proof }: Output,
  binding: { readonly name: string; readonly namespace: string },
): Promise<void> {
  const ref = { apiVersion: apiVersionOf("AppBinding"), kind: "AppBinding", ...binding };
  const output: StepOutput = { targetStatus: { ref, ...target }, streams, proof };
  await writeWhole(join(folder, outputFile), JSON.stringify(output), { mode: 0o644 });
}

/** Throws `unexpected` when the step before left nothing: it must not have got that far. */
export async function readOutput(folder: string): Promise<Output> {
  const path = join(folder, outputFile);
  try {
    const { targetStatus, streams, proof } = StepOutput.parse(JSON.parse(await readFile(path, "utf8")));
    return { target: TargetOutput.parse(targetStatus), streams, proof };
  } catch (cause) {
    throw new Failure("unexpected", `reading ${path}, which the step before leaves`, { cause });
  }
}
