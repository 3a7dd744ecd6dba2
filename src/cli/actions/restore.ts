import { Failure } from "../../kit/failures.ts";
import { counted, formatBytes } from "../../kit/quantities.ts";
import type { RestorePlan } from "../../vault/plan.ts";
import { planRestore, type RestoreReport, type RestoreRequest, restore } from "../../vault/restore.ts";
import { chooseSnapshot } from "../choose-snapshot.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { RestoreOptions } from "../commands/restore.ts";
import { requireConfirmation } from "../confirm.ts";
import { openNats } from "../nats-session.ts";
import { loadProfile } from "../profile.ts";
import { showProgress } from "../progress-display.ts";
import { snapshotDocument } from "../report-text.ts";
import { openNamedRepository } from "../repository-session.ts";
import { planLines, restoreLines } from "../restore-text.ts";
import { visible } from "../visible.ts";

export async function bringBack(
  context: CommandContext,
  given: RestoreOptions,
  operands: readonly string[],
): Promise<Outcome> {
  const { printer } = context;
  const streams = selectStreams(given, operands);
  const onConflict = given.onConflict ?? "fail";
  if (given.inPlace && onConflict !== "overwrite")
    throw new Failure("usage", "--in-place goes with --on-conflict overwrite");
  const profile = await loadProfile(context, given);
  await using repository = await openNamedRepository(context, given, profile);
  await using nats = await openNats(context, given, profile);
  const wanted = { streams, target: given.target };
  const request: RestoreRequest = {
    jetstream: nats.jetstream,
    connectAgain: nats.connectAgain,
    repository,
    snapshot: await chooseSnapshot(repository, given.snapshot ?? "latest", wanted, context),
    streams,
    onConflict,
    renames: new Map(given.rename),
    liftLimits: given.liftLimits,
    inPlace: given.inPlace,
    parallel: given.parallel ?? 4,
    ...(given.replicas === undefined ? {} : { replicas: given.replicas }),
    ...(given.storage === undefined ? {} : { storage: given.storage }),
  };
  const plan = await planRestore(request, context);
  if (given.dryRun) {
    printer.lines(...planLines(plan, nats.server), "", "nothing was changed");
    printer.document({ dryRun: true, ...plan, snapshot: snapshotDocument(plan.snapshot), address: nats.server });
    return planOutcome(plan);
  }
  await confirmOverwrite(context, plan, { yes: given.yes, server: nats.server });
  return restoreOutcome(await runRestore(context, request, plan), printer);
}

/** The streams to restore; empty: all. Names that are only renamed are meant as well. */
export function selectStreams(
  { all, rename }: Pick<RestoreOptions, "all" | "rename">,
  operands: readonly string[],
): readonly string[] {
  const renamed = rename.map(([before]) => before);
  const twice = renamed.find((name, at) => renamed.indexOf(name) !== at);
  if (twice !== undefined) throw new Failure("usage", `--rename names ${JSON.stringify(twice)} twice`);
  if (all && operands.length > 0) throw new Failure("usage", "give names of streams or --all, not both");
  if (all) return [];
  if (operands.length === 0) {
    if (renamed.length > 0) return renamed;
    throw new Failure("usage", "no stream is named", { hint: "name streams, or restore every one with --all" });
  }
  const stranger = renamed.find((name) => !operands.includes(name));
  if (stranger === undefined) return [...new Set(operands)];
  throw new Failure("usage", `--rename names ${JSON.stringify(stranger)}, which is not among the streams to restore`);
}

/** What an overwrite takes away is shown and asked for; a plan that is refused anyway is not. */
async function confirmOverwrite(
  context: CommandContext,
  plan: RestorePlan,
  { yes, server }: { readonly yes: boolean; readonly server: string },
): Promise<void> {
  const replaced = plan.streams.filter(({ action, replaces }) => action === "overwrite" && replaces !== undefined);
  if (replaced.length === 0 || plan.streams.some(({ action }) => action === "refuse")) return;
  context.printer.lines(...planLines(plan, server), "");
  const what = replaced.length === 1 ? `stream ${visible(replaced[0]?.as ?? "")}` : `${replaced.length} streams`;
  await requireConfirmation(context, { yes, question: `Replace ${what} on ${visible(server)}?` });
}

function planOutcome({ streams }: RestorePlan): Outcome {
  const refused = streams.filter(({ action }) => action === "refuse");
  if (refused.length === 0) return undefined;
  return new Failure("plan-refused", `${counted(refused.length, "stream")} of ${streams.length} would be refused`, {
    hint: "the reasons are in the plan",
  });
}

async function runRestore(
  { printer, signal }: CommandContext,
  request: RestoreRequest,
  plan: RestorePlan,
): Promise<RestoreReport> {
  const wanted = plan.streams.filter(({ action }) => action !== "skip" && action !== "refuse");
  const bytes = wanted.reduce((sum, stream) => sum + stream.bytes, 0);
  const isRefused = plan.streams.some(({ action }) => action === "refuse");
  const server = visible(request.jetstream.connection.serverUrl);
  const what = `${counted(wanted.length, "stream")} (${formatBytes(bytes)}) of snapshot ${plan.snapshot.shortId}`;
  if (!isRefused && wanted.length > 0) printer.note(`restoring ${what} to ${server}`);
  using progress = showProgress(printer, { streams: new Map(wanted.map((stream) => [stream.stream, stream.bytes])) });
  try {
    return await restore(request, plan, { signal, onProgress: progress.onProgress });
  } catch (error) {
    if (!Failure.is(error, "plan-refused") || error.hint !== undefined) throw error;
    throw new Failure("plan-refused", error.message, { cause: error.cause, hint: "see the whole plan with --dry-run" });
  }
}

/** Says what was restored. When nothing was, that is a failure like any other. */
function restoreOutcome(report: RestoreReport, printer: CommandContext["printer"]): Outcome {
  const failed = report.streams.filter((stream) => stream.outcome === "failed");
  const restored = report.streams.filter((stream) => stream.outcome === "restored");
  const [first] = failed;
  if (first !== undefined && restored.length === 0) {
    const others = failed.length > 1 ? ` (and ${failed.length - 1} more)` : "";
    const { code, hint } = first.failure;
    throw new Failure(code, `restoring ${first.stream}${others}`, {
      cause: first.failure,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  printer.done(...restoreLines(report));
  printer.document({ dryRun: false, ...report, snapshot: snapshotDocument(report.snapshot) });
  if (first === undefined) return undefined;
  return new Failure(
    "partly-done",
    `${counted(failed.length, "stream")} of ${report.streams.length} could not be restored: ${failed.map(({ stream }) => visible(stream)).join(", ")}`,
    { hint: "what was restored is whole; run the same command for the others" },
  );
}
