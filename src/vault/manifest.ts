import { createHash } from "node:crypto";
import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { type JsonObject, parseJson, writeJson } from "../kit/json.ts";
import type { ConsumerState } from "../nats/stream.ts";
import { SequenceSet } from "./sequence-set.ts";

/** The version of what lies in a repository (docs/format.md). A reader refuses higher ones. */
export const formatVersion = 1n;

const RawObject = z.custom<JsonObject>((value) => typeof value === "object" && value !== null && !Array.isArray(value));
const Floor = z.object({ consumer: z.bigint(), stream: z.bigint() });

/** A file of message blocks; `number` keys its checksums, `file` is relative to the stream's folder. */
export const Segment = z.object({
  file: z.string(),
  number: z.bigint(),
  sha256: z.string(),
  bytes: z.bigint(),
  messages: z.bigint(),
  first: z.bigint(),
  last: z.bigint(),
});
export type Segment = z.infer<typeof Segment>;

export const ManifestConsumer = z.object({
  name: z.string(),
  folder: z.string(),
  created: z.string(),
  config: RawObject,
  /** `exact`: as the server stored it. `rolled-back`: delivered was set back to the acknowledgement floor. */
  exact: z.enum(["exact", "rolled-back"]),
  /** What may be delivered again after a restore, or what was clamped; one sentence each. */
  notes: z.array(z.string()),
  state: z.object({
    delivered: Floor,
    ackFloor: Floor,
    /** Stream sequence, consumer sequence, nanoseconds of the last delivery. */
    pending: z.array(z.tuple([z.bigint(), z.bigint(), z.bigint()])),
    /** Stream sequence, times delivered again. */
    redelivered: z.array(z.tuple([z.bigint(), z.bigint()])),
  }),
});
export type ManifestConsumer = z.infer<typeof ManifestConsumer>;

export const Manifest = z.object({
  format: z.literal(formatVersion),
  stream: z.string(),
  folder: z.string(),
  /** When the stream was created, as the server gave it. */
  created: z.string(),
  /** The server's configuration, every field. */
  config: RawObject,
  server: z.object({ name: z.string(), version: z.string() }),
  strategy: z.enum(["snapshot", "messages"]),
  why: z.string(),
  /** `fuzzy`: keys changed too fast; `kept` older revisions are stored in place of newer ones. */
  consistency: z.enum(["exact", "fuzzy"]),
  kept: z.bigint(),
  rounds: z.bigint(),
  /** STREAM.INFO `state` that what is stored equals (when exact), without the list of deleted sequences. */
  reference: RawObject,
  state: z.object({
    messages: z.bigint(),
    bytes: z.bigint(),
    firstSequence: z.bigint(),
    lastSequence: z.bigint(),
    /** RFC 3339 as the server gave it. */
    firstTime: z.string(),
    lastTime: z.string(),
  }),
  /** The sequences that exist, as ascending ranges. Records of segments outside them are dead. */
  live: z.array(z.tuple([z.bigint(), z.bigint()])),
  digest: z.string(),
  indexDigest: z.string(),
  segments: z.array(Segment),
  /** A last block that makes segments + this one a complete archive: tombstones of dead records and of the end. */
  tombstones: Segment.nullable(),
  consumers: z.array(ManifestConsumer),
});
export type Manifest = z.infer<typeof Manifest>;

/** `coldstream.json`: what the session saved. Streams that failed are listed with the reason. */
export const SnapshotIndex = z.object({
  format: z.literal(formatVersion),
  time: z.string(),
  server: z.object({ name: z.string(), version: z.string() }),
  target: z.string(),
  invoker: z.string(),
  complete: z.boolean(),
  /** `manifest`: SHA-256 of the stream's manifest.json. */
  streams: z.array(z.object({ stream: z.string(), folder: z.string(), manifest: z.string() })),
  failed: z.array(z.object({ stream: z.string(), reason: z.string() })),
});
export type SnapshotIndex = z.infer<typeof SnapshotIndex>;

export function writeManifest(manifest: Manifest): string {
  return writeJson(manifest, 1);
}

export function readManifest(text: string): Manifest {
  return read(Manifest, text, "a stream's manifest.json");
}

export function readIndex(text: string): SnapshotIndex {
  return read(SnapshotIndex, text, "coldstream.json");
}

function read<T>(schema: z.ZodType<T>, text: string, what: string): T {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (error) {
    throw new Failure("damaged", `reading ${what}: it is no JSON`, { cause: error });
  }
  const format = z.object({ format: z.bigint() }).safeParse(json);
  if (format.success && format.data.format > formatVersion) {
    throw new Failure(
      "damaged",
      `reading ${what}: it has format ${format.data.format}, newer than this program knows`,
      {
        hint: "use a newer coldstream",
      },
    );
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new Failure("damaged", `reading ${what}: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`);
}

/** Throws `damaged` when the ranges do not ascend. */
export function liveOf(manifest: Manifest): SequenceSet {
  try {
    return SequenceSet.of(manifest.live);
  } catch (error) {
    throw new Failure("damaged", `reading the manifest of ${manifest.stream}: its live ranges do not ascend`, {
      cause: error,
    });
  }
}

/** Identifies a manifest's content without reading messages: the segments' hashes, the live ranges, count and ends. */
export function indexDigest(segments: readonly Segment[], live: SequenceSet, lastSequence: bigint): string {
  const hash = createHash("sha256");
  for (const segment of segments) hash.update(`segment ${segment.number} ${segment.sha256}\n`);
  for (const [first, last] of live.ranges()) hash.update(`live ${first} ${last}\n`);
  hash.update(`end ${live.count} ${live.first ?? 0n} ${lastSequence}\n`);
  return hash.digest("hex");
}

export function stateToManifest(state: ConsumerState): ManifestConsumer["state"] {
  return {
    delivered: { ...state.delivered },
    ackFloor: { ...state.ackFloor },
    pending: [...state.pending].map(([stream, entry]) => [stream, entry.consumer, entry.timestamp]),
    redelivered: [...state.redelivered],
  };
}

export function stateFromManifest(state: ManifestConsumer["state"]): ConsumerState {
  return {
    delivered: state.delivered,
    ackFloor: state.ackFloor,
    pending: new Map(state.pending.map(([stream, consumer, timestamp]) => [stream, { consumer, timestamp }])),
    redelivered: new Map(state.redelivered),
  };
}
