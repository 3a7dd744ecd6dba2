import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { classify, oneLine } from "./outcome.ts";
import type { ReadOptions } from "./reading.ts";
import { parseLine, type Restic } from "./runner.ts";

const Summary = z.object({
  message_type: z.literal("summary"),
  num_errors: z.number(),
  broken_packs: z.array(z.string()).nullish(),
  suggest_repair_index: z.boolean().default(false),
});

export interface CheckReport {
  readonly ok: boolean;
  /** What is wrong, restic's words; empty when ok. */
  readonly errors: readonly string[];
  /** Ids of packs whose content is damaged; only found with `readDataSubset`. */
  readonly brokenPacks: readonly string[];
  readonly suggestRepairIndex: boolean;
}

/**
 * `restic check --no-lock`: works beside live backups. Damage is a value; what hinders the check (password, network) is thrown.
 * `readDataSubset`: restic's words, "100%", "2/7", "500M".
 */
export async function checkRepository(
  restic: Restic,
  { readDataSubset, signal }: ReadOptions & { readonly readDataSubset?: string | undefined },
): Promise<CheckReport> {
  const action = "checking the repository";
  const subset = readDataSubset === undefined ? [] : [`--read-data-subset=${readDataSubset}`];
  const outcome = await restic.attempt(["check", "--no-lock", ...subset], { action, signal });
  const summary = outcome.stdout
    .split("\n")
    .map((line) => parseLine(Summary, line))
    .findLast((found) => found !== undefined);
  const errors = outcome.said.errors.map((error) => restic.hide(oneLine(error))).filter((error) => !isAdvice(error));
  const unreachable = errors.find((error) => classify(error) === "repository-unreachable");
  if (unreachable !== undefined) throw new Failure("repository-unreachable", `${action}: ${unreachable}`);
  const isDamaged = summary !== undefined ? summary.num_errors > 0 : /contains errors/.test(outcome.said.fatal ?? "");
  if (outcome.exitCode !== 0 && !isDamaged) throw restic.failure(action, outcome);
  return {
    ok: outcome.exitCode === 0 && !isDamaged,
    errors:
      isDamaged && errors.length === 0 ? [restic.hide(outcome.said.fatal ?? "restic check found errors")] : errors,
    brokenPacks: summary?.broken_packs ?? [],
    suggestRepairIndex: summary?.suggest_repair_index ?? false,
  };
}

/** restic mixes advice to people into its errors. */
function isAdvice(error: string): boolean {
  return /^(?:;|restic repair|Damaged pack files can be caused|The repository (?:is damaged|contains damaged)|This can be done)/.test(
    error,
  );
}
