import { Failure } from "../../kit/failures.ts";
import { counted, formatBytes } from "../../kit/quantities.ts";
import { type BackupRequest, type PlannedCapture, planBackup } from "../../vault/backup.ts";
import { backupOutcome, runBackup } from "../backup-run.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { BackupOptions } from "../commands/backup.ts";
import { openNats } from "../nats-session.ts";
import { loadProfile } from "../profile.ts";
import { findNatsServer, proofDocuments, proofLines, proveSaved } from "../proof.ts";
import { capturePlanLines } from "../report-text.ts";
import { openNamedRepository } from "../repository-session.ts";
import { stagingFolder } from "../staging.ts";
import { visible } from "../visible.ts";

export async function backUp(
  context: CommandContext,
  options: BackupOptions,
  streams: readonly string[],
): Promise<Outcome> {
  const { environment } = context;
  const profile = await loadProfile(context, options);
  await using repository = await openNamedRepository(context, options, profile);
  const stagingDirectory = await stagingFolder(environment, { option: options.staging, profile: profile.staging });
  if (options.prove) await findNatsServer(context);
  await using nats = await openNats(context, options, profile);
  const request: BackupRequest = {
    jetstream: nats.jetstream,
    repository,
    streams,
    target: options.target ?? profile.target ?? nats.target,
    invoker: "cli",
    host: "host-0",
    parallel: options.parallel ?? 4,
    stagingDirectory,
    initialize: options.init,
  };
  const plan = await planBackup(request, context);
  if (options.dryRun) {
    await showPlan(context, request, plan);
    return undefined;
  }
  const report = await runBackup(context, request, { expected: bytesOf(plan), server: nats.server });
  const proof = options.prove
    ? await proveSaved(context, { repository, reference: report.snapshot, directory: stagingDirectory })
    : undefined;
  if (proof !== undefined && !Failure.is(proof)) context.printer.done("", ...proofLines(proof));
  context.printer.document({
    ...report,
    target: request.target,
    repository: repository.url,
    server: nats.server,
    context: nats.context ?? null,
    ...proofDocuments(proof),
  });
  return backupOutcome(report, proof);
}

function bytesOf(plan: readonly PlannedCapture[]): ReadonlyMap<string, number> {
  return new Map(plan.map(({ stream, bytes }) => [stream, Number(bytes)]));
}

async function showPlan(
  { printer, signal }: CommandContext,
  { repository, target, initialize }: BackupRequest,
  plan: readonly PlannedCapture[],
): Promise<void> {
  const state = await repository.probe({ signal });
  if (state === "absent" && !initialize) {
    throw new Failure("repository-absent", `there is no repository at ${repository.url}`, {
      hint: "make one with: coldstream init, or add --init",
    });
  }
  const bytes = plan.reduce((sum, stream) => sum + stream.bytes, 0n);
  printer.lines(
    ...capturePlanLines(plan),
    "",
    `nothing was saved; this would save ${counted(plan.length, "stream")} (${formatBytes(bytes)}) as target ${visible(target)}` +
      `${state === "absent" ? ", and make the repository" : ""}`,
  );
  printer.document({ dryRun: true, target, repository: repository.url, repositoryState: state, streams: plan });
}
