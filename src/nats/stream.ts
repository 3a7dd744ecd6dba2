import { z } from "zod";
import type { JsonObject } from "../kit/json.ts";

/** A JSON object kept whole (integers are bigint, order and unknown fields survive), as `parseJson` gives it. */
const RawObject = z.custom<JsonObject>((value) => typeof value === "object" && value !== null && !Array.isArray(value));

const SequencePair = z.object({ consumer_seq: z.bigint(), stream_seq: z.bigint() });

/** `StreamState` of the server (server/store.go). Times are RFC 3339 with nanoseconds, `0001-01-01T00:00:00Z` when unset. */
export const StreamState = z.object({
  messages: z.bigint(),
  bytes: z.bigint(),
  first_seq: z.bigint(),
  first_ts: z.string(),
  last_seq: z.bigint(),
  last_ts: z.string(),
  consumer_count: z.bigint().default(0n),
  num_subjects: z.bigint().default(0n),
  num_deleted: z.bigint().default(0n),
  /** Ascending; only in answers to a request with `deleted_details`. */
  deleted: z.array(z.bigint()).nullish(),
});
export type StreamState = z.infer<typeof StreamState>;

/** What Coldstream looks at in a stream's configuration. The configuration itself is stored and restored raw. */
export const StreamConfig = z.object({
  name: z.string(),
  subjects: z.array(z.string()).nullish(),
  retention: z.enum(["limits", "interest", "workqueue"]).default("limits"),
  storage: z.enum(["file", "memory"]).default("file"),
  num_replicas: z.bigint().default(1n),
  max_age: z.bigint().default(0n),
  max_msgs_per_subject: z.bigint().default(-1n),
  allow_direct: z.boolean().default(false),
  sealed: z.boolean().default(false),
  mirror: RawObject.nullish(),
  sources: z.array(RawObject).nullish(),
});
export type StreamConfig = z.infer<typeof StreamConfig>;

export const StreamInfo = z.object({
  config: RawObject,
  created: z.string(),
  state: StreamState,
  cluster: RawObject.nullish(),
});
export type StreamInfo = z.infer<typeof StreamInfo>;

export const ConsumerInfo = z.object({
  stream_name: z.string(),
  name: z.string(),
  created: z.string(),
  config: RawObject,
  delivered: SequencePair,
  ack_floor: SequencePair,
  num_ack_pending: z.bigint().default(0n),
  num_redelivered: z.bigint().default(0n),
  num_pending: z.bigint().default(0n),
});
export type ConsumerInfo = z.infer<typeof ConsumerInfo>;

export interface SequenceFloor {
  readonly consumer: bigint;
  readonly stream: bigint;
}

/** Where a consumer stands, as the server stores it. */
export interface ConsumerState {
  readonly delivered: SequenceFloor;
  readonly ackFloor: SequenceFloor;
  /** Stream sequence -> consumer sequence and nanoseconds of the last delivery (whole seconds in the V1 format). */
  readonly pending: ReadonlyMap<bigint, { readonly consumer: bigint; readonly timestamp: bigint }>;
  /** Stream sequence -> how often it was delivered again. */
  readonly redelivered: ReadonlyMap<bigint, bigint>;
}

/** One consumer of a stream, whole. */
export interface StoredConsumer {
  readonly name: string;
  readonly config: JsonObject;
  /** RFC 3339; unknown in V2 archives. */
  readonly created: string | undefined;
  readonly state: ConsumerState;
}
