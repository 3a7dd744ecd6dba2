import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { describe, Failure } from "../kit/failures.ts";
import { type JsonObject, parseJson, writeJson } from "../kit/json.ts";
import { connect } from "../nats/connection.ts";
import { type JetStream, openJetStream } from "../nats/jetstream.ts";
import { restoreStream } from "../nats/restore.ts";
import type { ConsumerInfo } from "../nats/stream.ts";
import { deleteStream, listConsumers } from "../nats/streams.ts";
import { proofHost } from "../repository/published.ts";
import type { Repository } from "../repository/restic.ts";
import { ArchiveSource } from "./archive-source.ts";
import { openSnapshot, type SnapshotEntry } from "./catalog.ts";
import { fingerprint } from "./live-stream.ts";
import type { Manifest } from "./manifest.ts";
import { openBlocks } from "./open-blocks.ts";
import { type Running, timeOf } from "./progress.ts";
import { startScratchServer } from "./scratch-server.ts";
import { writeNew } from "./segment-writer.ts";
import { surveyStreams } from "./stash-snapshot.ts";

export interface ProveRequest {
  readonly repository: Repository;
  readonly snapshot: SnapshotEntry;
  /** Path of nats-server. */
  readonly program: string;
  /** The environment that nats-server gets. */
  readonly env: Readonly<Record<string, string>>;
  /** An existing folder; the scratch store is made in it and removed. */
  readonly directory: string;
}

const ProvenStream = z.object({
  stream: z.string(),
  proven: z.boolean(),
  messages: z.bigint(),
  digest: z.string(),
  expected: z.string(),
  consumers: z.bigint().transform(Number),
  problem: z.string().optional(),
});
export interface ProvenStream {
  readonly stream: string;
  readonly proven: boolean;
  readonly messages: bigint;
  /** What the scratch server holds after the restore. */
  readonly digest: string;
  /** What the manifest says. */
  readonly expected: string;
  readonly consumers: number;
  readonly problem?: string | undefined;
}

const Evidence = z.object({
  format: z.literal(1n),
  proven: z.boolean(),
  snapshot: z.string(),
  tree: z.string(),
  time: z.string(),
  durationMs: z.bigint().transform(Number),
  serverVersion: z.string(),
  streams: z.array(ProvenStream),
});

export interface ProofReport {
  readonly proven: boolean;
  readonly snapshot: string;
  /** The snapshot that holds this evidence. */
  readonly proof: string;
  readonly time: Date;
  readonly durationMs: number;
  readonly serverVersion: string;
  readonly streams: readonly ProvenStream[];
}

/**
 * Restores a snapshot into a nats-server of our own, reads every message back and compares digests, counts and
 * consumers with the manifests. The evidence is stored as a snapshot of its own, also when something differs.
 */
export async function prove(request: ProveRequest, running: Running): Promise<ProofReport> {
  const { repository, snapshot } = request;
  const { signal } = running;
  const time = timeOf(running);
  const opened = await openSnapshot(repository, snapshot, running);
  await using server = await startScratchServer(request.program, request.directory, { signal, env: request.env });
  const credentials = { kind: "user", user: server.user, password: server.password } as const;
  await using connection = await connect({ servers: [server.url], credentials }, { signal });
  const jetstream = openJetStream(connection, {});
  const streams: ProvenStream[] = [];
  for (const manifest of opened.manifests) {
    running.onProgress?.({ step: "proving", stream: manifest.stream });
    const proven = await proveStream(request, manifest, jetstream, running);
    if (proven.proven) running.onProgress?.({ step: "proven", stream: manifest.stream, messages: proven.messages });
    streams.push(proven);
  }
  // of our own the tags say it; of Stash's only what is there
  if (snapshot.stash !== undefined)
    streams.push(...opened.index.failed.map(({ stream, reason }) => unproven(stream, reason)));
  const report = {
    proven: streams.every(({ proven }) => proven) && snapshot.complete,
    snapshot: snapshot.id,
    time,
    durationMs: timeOf(running).getTime() - time.getTime(),
    serverVersion: connection.serverVersion,
    streams,
  };
  return { ...report, proof: await storeEvidence(request, report, signal) };
}

/** The proofs that the repository holds, oldest first. */
export async function listProofs(repository: Repository, { signal }: Running): Promise<ProofReport[]> {
  const snapshots = await repository.snapshots({ hosts: [proofHost] }, { signal });
  const reports: ProofReport[] = [];
  for (const { id } of snapshots) {
    const text = Buffer.from(await repository.readFile(id, "/proof.json", { signal })).toString("utf8");
    const evidence = Evidence.parse(parseJson(text));
    reports.push({ ...evidence, time: new Date(evidence.time), proof: id });
  }
  return reports;
}

function unproven(stream: string, problem: string, expected = ""): ProvenStream {
  return { stream, expected, proven: false, messages: 0n, digest: "", consumers: 0, problem };
}

async function proveStream(
  { repository, snapshot }: ProveRequest,
  opened: Manifest,
  jetstream: JetStream,
  running: Running,
): Promise<ProvenStream> {
  const { signal } = running;
  let manifest = opened;
  try {
    const surveyed = await surveyStreams(repository, snapshot, [opened], { signal, parallel: 1 });
    manifest = surveyed[0] ?? opened;
    const expected = { stream: manifest.stream, expected: manifest.digest };
    const config = liftLimits(manifest.config);
    const source = new ArchiveSource({ manifest, config });
    const blocks = openBlocks(repository, snapshot, manifest, { signal });
    await restoreStream(jetstream, { config }, source.frames(blocks), { signal, dropped: [] });
    // at once: the server removes consumers that nobody uses, some after seconds
    const listed = await listConsumers(jetstream, manifest.stream, { signal });
    const consumers = listed.length;
    const found = await fingerprint(jetstream, manifest.stream, { signal });
    await deleteStream(jetstream, manifest.stream, { signal });
    const problem = compare(manifest, found) ?? compareConsumers(manifest, listed);
    return {
      ...expected,
      proven: problem === undefined,
      messages: found.messages,
      digest: found.digest,
      consumers,
      problem,
    };
  } catch (error) {
    signal.throwIfAborted();
    if (Failure.is(error, "repository-unreachable", "password-wrong", "disk-full")) throw error;
    return unproven(manifest.stream, describe(error), manifest.digest);
  }
}

function compare(
  manifest: Manifest,
  found: {
    readonly messages: bigint;
    readonly digest: string;
    readonly lastSequence: bigint;
  },
): string | undefined {
  const { state, digest } = manifest;
  if (found.messages !== state.messages) return `${found.messages} messages came back, ${state.messages} are stored`;
  if (found.digest !== digest) return "the messages that came back are not those that were stored";
  if (found.lastSequence !== state.lastSequence)
    return `the last sequence is ${found.lastSequence}, stored is ${state.lastSequence}`;
  return undefined;
}

function compareConsumers({ consumers }: Manifest, listed: readonly ConsumerInfo[]): string | undefined {
  if (listed.length !== consumers.length) return `${listed.length} consumers came back, ${consumers.length} are stored`;
  const byName = new Map(listed.map((info) => [info.name, info]));
  for (const { name, state } of consumers) {
    const found = byName.get(name);
    if (found === undefined) return `consumer ${name} is missing`;
    const [delivered, floor] = [found.delivered.stream_seq, found.ack_floor.stream_seq];
    if (delivered === state.delivered.stream && floor === state.ackFloor.stream) continue;
    return `consumer ${name} stands at ${delivered}, acknowledged up to ${floor}; stored are ${state.delivered.stream} and ${state.ackFloor.stream}`;
  }
  return undefined;
}

/** The configuration for a scratch server: nothing expires, fires, is copied from elsewhere or hidden from a reader. */
function liftLimits(config: JsonObject): JsonObject {
  const lifted: JsonObject = {
    ...config,
    storage: "file",
    retention: "limits",
    num_replicas: 1n,
    max_age: 0n,
    max_msgs: -1n,
    max_bytes: -1n,
    max_msgs_per_subject: -1n,
    max_msg_size: -1n,
    max_consumers: -1n,
    allow_direct: true,
  };
  const left = [
    "placement",
    "mirror",
    "sources",
    "republish",
    "subject_transform",
    "mirror_direct",
    "subject_delete_marker_ttl",
  ];
  const offers = [
    "allow_msg_ttl",
    "allow_msg_schedules",
    "allow_msg_counter",
    "consumer_limits",
    "sealed",
    "deny_delete",
    "deny_purge",
    "discard_new_per_subject",
  ];
  for (const field of [...left, ...offers]) delete lifted[field];
  const subjects = lifted.subjects;
  if (!Array.isArray(subjects) || subjects.length === 0) lifted.subjects = [String(config.name)];
  return lifted;
}

async function storeEvidence(
  request: ProveRequest,
  report: Omit<ProofReport, "proof">,
  signal: AbortSignal,
): Promise<string> {
  const { repository, snapshot, directory } = request;
  const folder = await mkdtemp(join(directory, "coldstream-proof-"));
  try {
    const [listed] = await repository.snapshots({ ids: [snapshot.id] }, { signal });
    const evidence = { format: 1n, ...report, time: report.time.toISOString(), tree: listed?.tree ?? "" };
    await writeNew(join(folder, "proof.json"), writeJson(evidence, 1));
    const tags = ["proof", `snapshot=${snapshot.id}`, report.proven ? "proven" : "not-proven"];
    const stored = await repository.backup(
      { directory: folder, host: proofHost, tags, time: report.time, force: true },
      { signal },
    );
    return stored.snapshotId;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
