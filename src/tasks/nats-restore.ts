import { invokerConditions } from "../api/condition-types.ts";
import { Failure } from "../kit/failures.ts";
import { formatTime } from "../kit/quantities.ts";
import type { Repository } from "../repository/restic.ts";
import { listSnapshots, openSnapshot, resolveSnapshot, type SnapshotEntry } from "../vault/catalog.ts";
import { planRestore, type RestoreRequest, restore } from "../vault/restore.ts";
import { isPlaceComing } from "./backup-steps.ts";
import type { TaskContext } from "./context.ts";
import { sentenceOf } from "./failure-sentence.ts";
import { patientRepository } from "./lock-healer.ts";
import { openAccount } from "./nats-account.ts";
import { type NatsArgs, readNatsArgs } from "./nats-args.ts";
import { progressLog } from "./nats-backup.ts";
import { targetName } from "./origin.ts";
import { openAccess } from "./repository-access.ts";
import {
  failedRestore,
  type RestoreFacts,
  type RestoreResult,
  refusedResult,
  restoredResult,
} from "./restore-outcome.ts";
import { type RestoreFlags, restoreWishes } from "./restore-wishes.ts";
import { openRestoreSession, type Session } from "./session.ts";
import { openReport } from "./session-report.ts";
import { chooseLatest } from "./snapshot-choice.ts";
import { writeOutput } from "./step-output.ts";
import { selectStreams } from "./stream-selection.ts";
import { patiently } from "./waiting.ts";

/** How long locks of others that live are waited for. */
const lockPatienceMs = 10 * 60_000;

/**
 * The first step of a restore's Job. Like that of a backup it ends well also when the restore failed: that stands in
 * output.json.
 */
export async function natsRestore(context: TaskContext, flags: RestoreFlags): Promise<undefined> {
  const { log, signal, now } = context;
  const started = now();
  const target = { name: flags.appbinding, namespace: flags.appbindingNamespace };
  const facts = (notes: readonly string[] = []): RestoreFacts => ({
    hostname: flags.hostname,
    durationMs: now().getTime() - started.getTime(),
    notes,
  });
  let result: RestoreResult;
  try {
    const namespace = flags.namespace ?? context.namespace;
    const session = await openRestoreSession(context, { namespace, name: flags.restoresession, target });
    result = await bringBack(context, { flags, session, facts });
    log.info({ phase: result.stats.phase }, "restore finished");
  } catch (error) {
    signal.throwIfAborted();
    const failure = Failure.from(error);
    log.error({ code: failure.code, error }, "restore failed");
    result = failedRestore(failure, facts());
  }
  const output = { target: { stats: [result.stats], conditions: [result.condition] }, streams: [...result.streams] };
  await writeOutput(context.paths.resolve(flags.outputDir), output, target);
}

interface Restoring {
  readonly flags: RestoreFlags;
  readonly session: Session;
  readonly facts: (notes: readonly string[]) => RestoreFacts;
}

async function bringBack(context: TaskContext, { flags, session, facts }: Restoring): Promise<RestoreResult> {
  const { signal, log, now } = context;
  const args = readNatsArgs(flags.natsArgs, "restore");
  const wishes = restoreWishes(flags, args);
  await using access = await openAccess(context, flags);
  const report = openReport(context, flags.report === undefined ? undefined : { ...session.key, name: flags.report });
  const repository = patientRepository(access.restic, { report, log, signal, waitMs: lockPatienceMs });
  const onTrouble = troubleTeller(session);
  const patience = { waitMs: flags.waitTimeout, isPassing: isPlaceComing, onTrouble, now, signal };
  const snapshot = await patiently(() => chooseSnapshot(context, repository, flags), patience);
  const streams = await wantedStreams(context, { repository, snapshot, flags });
  await using account = await openAccount(context, {
    binding: { namespace: flags.appbindingNamespace, name: flags.appbinding },
    tlsFirst: flags.tlsFirst,
    inboxPrefix: flags.inboxPrefix ?? args.inboxPrefix,
    jetstream: jetstreamOf(flags, args),
    patience: { waitMs: flags.waitTimeout, onTrouble },
  });
  const request: RestoreRequest = {
    ...{ jetstream: account.jetstream, connectAgain: account.connectAgain, repository, snapshot, streams },
    ...{ ...wishes, parallel: flags.parallel ?? 4 },
  };
  const running = { signal, now, onProgress: progressLog(context) };
  const plan = await planRestore(request, running);
  if (plan.streams.some(({ action }) => action === "refuse")) return refusedResult(plan.streams, facts(args.notes));
  return restoredResult(await restore(request, plan, running), facts(args.notes));
}

function jetstreamOf(flags: RestoreFlags, args: NatsArgs) {
  return {
    domain: flags.jsDomain ?? args.jsDomain,
    apiPrefix: flags.jsApiPrefix ?? args.jsApiPrefix,
    timeoutMs: args.timeoutMs,
  };
}

/** Names what is waited for in the session's condition. */
function troubleTeller(session: Session): (failure: Failure, giveUpAt: Date) => Promise<void> {
  return (failure, giveUpAt) =>
    session.setTargetCondition({
      type: "StreamsRestored",
      status: "Unknown",
      reason: invokerConditions.StreamsRestored.unknown,
      message: `${sentenceOf(failure)}; trying until ${formatTime(giveUpAt)}`,
    });
}

/** The snapshot that the rule names, or the latest that was meant. */
async function chooseSnapshot(
  context: TaskContext,
  repository: Repository,
  flags: RestoreFlags,
): Promise<SnapshotEntry> {
  const [wanted = "latest", ...more] = flags.snapshot;
  if (more.length > 0) {
    throw new Failure("configuration-invalid", `rules[].snapshots names ${flags.snapshot.length} snapshots`, {
      hint: "name one: a later one would be restored over the others",
    });
  }
  if (wanted !== "latest") return await resolveSnapshot(repository, wanted, {}, context);
  const entries = await listSnapshots(repository, { all: true }, context);
  return chooseLatest(entries, {
    host: flags.sourceHostname,
    target: targetName({ namespace: flags.appbindingNamespace, name: flags.appbinding }),
    streams: flags.streams.filter((each) => !isPattern(each)),
  });
}

/** Names as they are: the plan knows them or not. Patterns are looked up in the snapshot. */
async function wantedStreams(
  context: TaskContext,
  { repository, snapshot, flags }: Pick<RestoreRequest, "repository" | "snapshot"> & { readonly flags: RestoreFlags },
): Promise<readonly string[]> {
  if (!flags.streams.some(isPattern)) return [...new Set(flags.streams)];
  const { index } = await openSnapshot(repository, snapshot, context);
  return selectStreams(
    flags.streams,
    index.streams.map(({ stream }) => stream),
  );
}

function isPattern(name: string): boolean {
  return /[*>]/.test(name);
}
