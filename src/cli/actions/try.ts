import { Failure } from "../../kit/failures.ts";
import { formatBytes } from "../../kit/quantities.ts";
import { checkServerVersion, listStreams } from "../../nats/streams.ts";
import type { Repository } from "../../repository/restic.ts";
import type { BackupReport } from "../../vault/backup.ts";
import { backupOutcome, runBackup } from "../backup-run.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { TryOptions } from "../commands/try.ts";
import { type NatsSession, openNats } from "../nats-session.ts";
import { loadProfile } from "../profile.ts";
import { proofDocuments, proofLines, proveSaved } from "../proof.ts";
import { openPlace, repositorySettings } from "../repository-session.ts";
import { stagingFolder } from "../staging.ts";
import { placeForTry, type TryPlace } from "../try-repository.ts";
import { type FoundStream, foundLines, foundStream, nextLines } from "../try-text.ts";
import { visible } from "../visible.ts";

export async function tryServer(
  context: CommandContext,
  given: TryOptions,
  [server]: readonly string[],
): Promise<Outcome> {
  if (server !== undefined && given.server !== undefined) {
    throw new Failure("usage", "the server is named twice: as SERVER and with --server");
  }
  const profile = await loadProfile(context, given);
  const place = await placeForTry(repositorySettings(context, given, profile), context.environment);
  const staging = await stagingFolder(context.environment, { option: given.staging, profile: profile.staging });
  await using nats = await openNats(context, { ...given, server: server ?? given.server }, profile);
  const found = await findStreams(context, nats);
  // from here on something is written: first the password, when there is none yet
  await using written = await place.write();
  const repository = await openPlace(context, { ...place, profile });
  const target = profile.target ?? nats.target;
  const run: Run = { found, nats, named: server ?? given.server, place, repository, staging, target };
  const report = await save(context, run);
  written.keep();
  return await proveAndTell(context, run, report);
}

interface Run {
  readonly found: readonly FoundStream[];
  readonly nats: NatsSession;
  readonly named: string | undefined;
  readonly place: TryPlace;
  readonly repository: Repository;
  readonly staging: string;
  readonly target: string;
}

async function findStreams(
  { printer, signal }: CommandContext,
  { jetstream, server, target }: NatsSession,
): Promise<FoundStream[]> {
  checkServerVersion(jetstream.connection);
  const found = (await listStreams(jetstream, { signal })).map(foundStream);
  if (found.length === 0) {
    throw new Failure("stream-not-found", `there are no streams at ${server}`, {
      hint: `this user's account is ${target}; make a stream, or try another server, user or domain`,
    });
  }
  printer.lines(...foundLines(found, { server, version: jetstream.connection.serverVersion }), "");
  return found;
}

async function save(context: CommandContext, run: Run): Promise<BackupReport> {
  const request = {
    jetstream: run.nats.jetstream,
    repository: run.repository,
    streams: [],
    target: run.target,
    invoker: "cli",
    host: "host-0",
    parallel: 4,
    stagingDirectory: run.staging,
    initialize: true,
  };
  const expected = new Map(run.found.map(({ stream, bytes }) => [stream, Number(bytes)]));
  return await runBackup(context, request, { expected, server: run.nats.server });
}

async function proveAndTell(context: CommandContext, run: Run, report: BackupReport): Promise<Outcome> {
  const { printer, signal } = context;
  const { repository, found, place } = run;
  const { totalBytes } = await repository.stats({ signal });
  printer.lines(`the repository ${visible(repository.url)} now holds ${formatBytes(totalBytes)}`, "");
  const proof = await proveSaved(context, { repository, reference: report.snapshot, directory: run.staging });
  if (!Failure.is(proof)) printer.lines(...proofLines(proof), "");
  printer.lines(...nextLines({ place, report, isProven: !Failure.is(proof) && proof.proven, server: run.named }));
  printer.document({
    server: run.nats.server,
    context: run.nats.context ?? null,
    target: run.target,
    found,
    repository: repository.url,
    passwordFile: place.passwordFile ?? null,
    backup: report,
    storedBytes: totalBytes,
    ...proofDocuments(proof),
  });
  return backupOutcome(report, proof);
}
