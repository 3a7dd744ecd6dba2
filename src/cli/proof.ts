import { Failure } from "../kit/failures.ts";
import { findProgram } from "../kit/program.ts";
import { counted, formatCount, formatDuration } from "../kit/quantities.ts";
import type { Repository } from "../repository/restic.ts";
import { resolveSnapshot, type SnapshotEntry } from "../vault/catalog.ts";
import { type ProofReport, prove } from "../vault/prove.ts";
import type { CommandContext, Outcome } from "./command.ts";
import { showProgress } from "./progress-display.ts";
import { formatTable } from "./table.ts";
import { visible, visibleSentence } from "./visible.ts";

/** The path of nats-server on the PATH. Throws `program-missing`. */
export async function findNatsServer({ environment }: CommandContext): Promise<string> {
  const program = await findProgram("nats-server", environment.variables["PATH"] ?? "");
  if (program !== undefined) return program;
  throw new Failure("program-missing", "nats-server was not found on the PATH; a proof restores into one of its own", {
    hint: "install nats-server 2.10 or newer: https://docs.nats.io/running-a-nats-service/introduction/installation",
  });
}

export interface ProofRequest {
  readonly repository: Repository;
  readonly snapshot: SnapshotEntry;
  readonly program: string;
  readonly directory: string;
}

/** Restores into a scratch server and compares, showing progress. */
export async function runProof(context: CommandContext, request: ProofRequest): Promise<ProofReport> {
  const { printer, environment, signal } = context;
  printer.note(`proving snapshot ${request.snapshot.shortId}`);
  using progress = showProgress(printer, { streams: new Map() });
  const { PATH = "", HOME = environment.home } = environment.variables;
  const env = { PATH, HOME, TMPDIR: request.directory };
  return await prove({ ...request, env }, { signal, onProgress: progress.onProgress });
}

/** Proves what a backup just saved. That it is saved holds, whatever comes of the proof: so a failure is a value. */
export async function proveSaved(
  context: CommandContext,
  {
    repository,
    reference,
    directory,
  }: { readonly repository: Repository; readonly reference: string; readonly directory: string },
): Promise<ProofReport | Failure> {
  try {
    const program = await findNatsServer(context);
    const snapshot = await resolveSnapshot(repository, reference, {}, context);
    return await runProof(context, { repository, snapshot, program, directory });
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = Failure.from(error);
    const { code, hint } = failure;
    const message = `snapshot ${reference.slice(0, 8)} is saved, but was not proven`;
    return new Failure(code, message, { cause: error, ...(hint === undefined ? {} : { hint }) });
  }
}

/** The proof of a backup in JSON output: both are null when none was asked for. */
export function proofDocuments(proof: ProofReport | Failure | undefined) {
  if (proof === undefined) return { proof: null, proofFailure: null };
  if (Failure.is(proof)) return { proof: null, proofFailure: proof };
  return { proof: proofDocument(proof), proofFailure: null };
}

export function proofLines(proof: ProofReport): string[] {
  const messages = proof.streams.reduce((sum, stream) => sum + stream.messages, 0n);
  const figures = `${counted(proof.streams.length, "stream")}, ${counted(messages, "message")}`;
  const how = `restored into nats-server ${visible(proof.serverVersion)} in ${formatDuration(proof.durationMs)}`;
  return [
    ...formatTable(
      [
        { title: "STREAM" },
        { title: "MESSAGES", align: "right" },
        { title: "CONSUMERS", align: "right" },
        { title: "RESULT" },
      ],
      proof.streams.map(({ stream, messages: count, consumers, proven, problem }) => [
        visible(stream),
        formatCount(count),
        formatCount(consumers),
        proven ? "proven" : `not proven: ${visibleSentence(problem ?? "it differs")}`,
      ]),
    ),
    "",
    `snapshot ${proof.snapshot.slice(0, 8)} ${proof.proven ? "proven" : "not proven"}: ${figures}, ${how}`,
    `evidence: ${proof.proof.slice(0, 8)}`,
  ];
}

/** A proof in JSON output. */
export function proofDocument(proof: ProofReport) {
  const { proven, snapshot, proof: evidence, time, durationMs, serverVersion, streams } = proof;
  return {
    proven,
    snapshot,
    proof: evidence,
    time,
    durationMs,
    serverVersion,
    streams: streams.map((stream) => ({ ...stream, problem: stream.problem ?? null })),
  };
}

/** `not-proven` unless all of it is. */
export function proofOutcome({ proven, snapshot, streams }: ProofReport): Outcome {
  if (proven) return undefined;
  const differing = streams.filter((stream) => !stream.proven).map(({ stream }) => visible(stream));
  const why =
    differing.length === 0
      ? "it is incomplete"
      : `${counted(differing.length, "stream")} differ: ${differing.join(", ")}`;
  return new Failure("not-proven", `snapshot ${snapshot.slice(0, 8)} is not proven: ${why}`, {
    hint:
      differing.length === 0
        ? "see what is missing with: coldstream show"
        : "do not rely on it: run coldstream check, then make a new backup",
  });
}
