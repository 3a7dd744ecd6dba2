import { targetConditions } from "../api/condition-types.ts";
import type { TaskFlags } from "../api/task-flags.ts";
import { Failure } from "../kit/failures.ts";
import { formatTime } from "../kit/quantities.ts";
import { streamNames } from "../nats/streams.ts";
import { type BackupReport, backup } from "../vault/backup.ts";
import type { Progress } from "../vault/progress.ts";
import { type BackupFacts, type BackupResult, failedResult, savedResult } from "./backup-outcome.ts";
import { ensureRepository } from "./backup-steps.ts";
import type { TaskContext } from "./context.ts";
import { sentenceOf } from "./failure-sentence.ts";
import { patientRepository } from "./lock-healer.ts";
import { type NatsAccount, openAccount } from "./nats-account.ts";
import { type NatsArgs, readNatsArgs } from "./nats-args.ts";
import { invokerName, targetName } from "./origin.ts";
import { type ProofResult, proveBackup } from "./proof-step.ts";
import { openAccess, scratchFolder } from "./repository-access.ts";
import { openBackupSession, type Session } from "./session.ts";
import { openReport } from "./session-report.ts";
import { type Output, writeOutput } from "./step-output.ts";
import { selectStreams } from "./stream-selection.ts";

export type BackupFlags = TaskFlags<"nats-backup">;

/** How long locks of others that live are waited for: a prune of theirs takes this long at most, usually. */
const lockPatienceMs = 10 * 60_000;

/**
 * The first step of a backup's Job. It ends well also when the backup failed: that stands in output.json, and update-status
 * writes it into the session.
 */
export async function natsBackup(context: TaskContext, flags: BackupFlags): Promise<undefined> {
  const { log, signal, now } = context;
  const started = now();
  const namespace = flags.namespace ?? context.namespace;
  const binding = { name: flags.appbinding, namespace: flags.appbindingNamespace };
  const facts = (more: Partial<BackupFacts> = {}): BackupFacts => ({
    hostname: flags.hostname,
    durationMs: now().getTime() - started.getTime(),
    path: flags.interimDataDir,
    allowDegraded: flags.allowDegraded,
    notes: [],
    ...more,
  });
  let result: BackupResult;
  let proof: Output["proof"];
  let proven: ProofResult["condition"];
  try {
    const session = await openBackupSession(context, { namespace, name: flags.backupsession, target: binding });
    const saved = await save(context, { flags, session, namespace });
    result = savedResult(saved.report, facts(saved));
    proof = proofOf(saved);
    proven = saved.condition;
    log.info({ snapshot: saved.report.snapshot, phase: result.stats.phase }, "backup finished");
  } catch (error) {
    signal.throwIfAborted();
    const failure = Failure.from(error);
    log.error({ code: failure.code, error }, "backup failed");
    result = failedResult(failure, facts());
  }
  const target = { stats: [result.stats], conditions: [result.condition, ...(proven === undefined ? [] : [proven])] };
  const output = { target, streams: [...result.streams], ...(proof === undefined ? {} : { proof }) };
  await writeOutput(context.paths.resolve(flags.outputDir), output, binding);
}

function proofOf({ provenAt, disproof }: Pick<Saved, "provenAt" | "disproof">): Output["proof"] {
  return provenAt === undefined ? undefined : { time: provenAt.toISOString(), isProven: disproof === undefined };
}

interface Saving {
  readonly flags: BackupFlags;
  readonly session: Session;
  readonly namespace: string;
}

type Saved = Pick<BackupFacts, "notes" | "disproof"> &
  Pick<ProofResult, "provenAt" | "condition"> & { readonly report: BackupReport };

async function save(context: TaskContext, { flags, session, namespace }: Saving): Promise<Saved> {
  const { signal, log } = context;
  const args = readNatsArgs(flags.natsArgs, "backup");
  await using access = await openAccess(context, flags);
  const reportKey = flags.report === undefined ? undefined : { namespace, name: flags.report };
  const report = openReport(context, reportKey);
  await ensureRepository(context, { access, session, waitMs: flags.waitTimeout });
  await using account = await connectTo(context, { flags, args, session });
  const existing = await streamNames(account.jetstream, { signal });
  const streams = selectStreams(flags.streams, existing);
  const directory = await scratchFolder(context, flags.interimDataDir);
  const repository = patientRepository(access.restic, { report, log, signal, waitMs: lockPatienceMs });
  const origin = originOf(flags, namespace);
  const request = {
    ...{ jetstream: account.jetstream, repository, streams, ...origin },
    ...{ host: flags.hostname, parallel: flags.parallel ?? 4, stagingDirectory: directory, initialize: false },
  };
  const onProgress = progressLog(context);
  const saved = await backup(request, { signal, onProgress, now: context.now });
  const proof = await proveBackup(context, {
    ...{ repository, snapshot: saved.snapshot, ...origin, directory, wish: flags.proof ?? "Never" },
  });
  return { report: saved, ...notesOf([...args.notes, ...idleParams(flags)], proof) };
}

function originOf(flags: BackupFlags, namespace: string): { readonly target: string; readonly invoker: string } {
  return {
    target: targetName({ namespace: flags.appbindingNamespace, name: flags.appbinding }),
    invoker: invokerName(flags.invokerKind, { namespace, name: flags.invokerName }),
  };
}

function notesOf(notes: readonly string[], { note, ...proof }: ProofResult): Omit<Saved, "report"> {
  return { notes: note === undefined ? notes : [...notes, note], ...proof };
}

/** Params that a later version follows. What they ask for is about cost, so a backup without it is a good one. */
function idleParams({ strategy, stagingLimit }: BackupFlags): readonly string[] {
  return [
    ...(strategy === "tail" ? ["the param strategy=tail has no effect yet: streams are read whole"] : []),
    ...(stagingLimit === undefined ? [] : ["the param stagingLimit has no effect yet"]),
  ];
}

const waiting = targetConditions.StreamsBackedUp.unknown;

/** Connects; a server that is not there yet is named in the target's condition while it is waited for. */
async function connectTo(
  context: TaskContext,
  { flags, args, session }: { readonly flags: BackupFlags; readonly args: NatsArgs; readonly session: Session },
): Promise<NatsAccount> {
  const { appbinding: name, appbindingNamespace: namespace, tlsFirst } = flags;
  const inboxPrefix = flags.inboxPrefix ?? args.inboxPrefix;
  return await openAccount(context, {
    binding: { namespace, name },
    tlsFirst,
    inboxPrefix,
    jetstream: {
      domain: flags.jsDomain ?? args.jsDomain,
      apiPrefix: flags.jsApiPrefix ?? args.jsApiPrefix,
      timeoutMs: args.timeoutMs,
    },
    patience: {
      waitMs: flags.waitTimeout,
      onTrouble: (failure, giveUpAt) =>
        session.setTargetCondition({
          type: "StreamsBackedUp",
          status: "Unknown",
          reason: waiting,
          message: `${sentenceOf(failure)}; trying until ${formatTime(giveUpAt)}`,
        }),
    },
  });
}

/** The pod's log: one line a stream, and one each for the upload and its publication. */
export function progressLog({ log }: Pick<TaskContext, "log">): (progress: Progress) => void {
  let uploading = false;
  return (progress) => {
    const { step, ...fields } = progress;
    if (step === "capturing" || step === "restoring" || (step === "uploading" && uploading)) return;
    uploading = step === "uploading";
    const plain = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "bigint" ? String(value) : value,
    ]);
    log.info({ step, ...Object.fromEntries(plain) }, "progress");
  };
}
