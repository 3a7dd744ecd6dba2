import { Failure } from "../kit/failures.ts";
import { openConsumerReader } from "./consumer-reader.ts";
import { openDirectReader } from "./direct-reader.ts";
import { ApiFailure, type JetStream } from "./jetstream.ts";
import type { StoredMessage } from "./message.ts";
import { openSingleReader } from "./single-reader.ts";
import { requestMessage } from "./stored-message.ts";
import { StreamConfig, type StreamInfo } from "./stream.ts";
import { isVersion, type Waiting } from "./streams.ts";

/** Reads a stream's messages in ascending order, from where it stood. One `readThrough` at a time. */
export interface MessageReader extends AsyncDisposable {
  readonly method: ReadMethod;
  /**
   * Gives every message that is live when it is read, and resolves once each sequence up to `target` has been passed.
   * Later messages may come too. `onMessage` is called for one message at a time; when it throws, that passes on.
   */
  readThrough(target: bigint, onMessage: OnMessage, options?: ReadOptions): Promise<void>;
}

export type OnMessage = (message: StoredMessage) => void | Promise<void>;
export type ReadMethod = "consumer" | "direct" | "single";

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ReaderOptions extends ReadOptions {
  /** Default: the fastest the stream and the server allow. */
  readonly method?: ReadMethod;
  /** The name of the consumer made for `consumer`; later ones get a number behind it. */
  readonly consumerName?: string;
  /** `consumer` only: payloads stay away, and headers get a `Nats-Msg-Size` line. */
  readonly headersOnly?: boolean;
}

/**
 * Opens a reader at sequence `from`.
 * - consumer: follows the stream, so that a message is sent to us the moment it is stored, before another replaces it.
 *   Only on limits streams: elsewhere a consumer would change what the stream keeps. When the stream or account takes no
 *   more consumers, or this user may not make one, the next is used.
 * - direct: batches, without a trace on the server (2.11 and `allow_direct`). Where not permitted, the next.
 * - single: one request for each message.
 */
export async function openReader(
  js: JetStream,
  stream: StreamInfo,
  from: bigint,
  options: ReaderOptions = {},
): Promise<MessageReader> {
  const config = StreamConfig.parse(stream.config);
  const direct = config.allow_direct && isVersion(js.connection.serverVersion, [2, 11, 0]) ? "direct" : "single";
  const method = options.method ?? (config.retention === "limits" ? "consumer" : direct);
  const plain = (method: "direct" | "single") => openPlainReader(method, js, config.name, { ...options, from });
  if (method !== "consumer") return plain(method);
  try {
    return await openConsumerReader(js, stream, from, options);
  } catch (error) {
    if (options.method !== undefined || !mayReadOtherwise(error)) throw error;
    return plain(direct);
  }
}

/** One message by its sequence, header bytes exact; undefined when there is none. Throws `stream-not-found`. */
export async function getMessage(
  js: JetStream,
  stream: string,
  sequence: bigint,
  options: Waiting = {},
): Promise<StoredMessage | undefined> {
  return await requestMessage(js, stream, { seq: sequence }, options);
}

/** The newest message of a subject; undefined when it has none. Throws `stream-not-found`. */
export async function getLastMessage(
  js: JetStream,
  stream: string,
  subject: string,
  options: Waiting = {},
): Promise<StoredMessage | undefined> {
  return await requestMessage(js, stream, { last_by_subj: subject }, options);
}

/** Unless `direct` was asked for, a user who may not do that reads message by message. */
function openPlainReader(
  chosen: "direct" | "single",
  js: JetStream,
  stream: string,
  { from, method }: ReaderOptions & { readonly from: bigint },
): MessageReader {
  if (chosen === "single") return openSingleReader(js, stream, from);
  const onRefused = (next: bigint) => openSingleReader(js, stream, next);
  return openDirectReader(js, stream, from, method === undefined ? { onRefused } : {});
}

/** Most consumers exist already (10026), or CONSUMER.CREATE is not permitted. */
function mayReadOtherwise(error: unknown): boolean {
  return ApiFailure.has(error, 10026) || Failure.is(error, "not-permitted");
}
