import { z } from "zod";
import type { Failure } from "../kit/failures.ts";
import type { JsonObject } from "../kit/json.ts";
import { onAbort, pause } from "./abort.ts";
import { paddingFrame } from "./codec/s2.ts";
import { type JetStream, nameToken } from "./jetstream.ts";
import { RestoreLane } from "./restore-lane.ts";
import { StreamConfig, type StreamInfo } from "./stream.ts";
import { takeTurn } from "./turn.ts";

export interface RestoreRequest {
  /** The stream as it shall be; its name is taken from here. */
  readonly config: JsonObject;
  readonly state?: JsonObject | undefined;
}

export interface RestoreOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of one chunk, at most the server's max_payload. Default 512 KiB. */
  readonly chunkBytes?: number;
  /** Bytes sent ahead of the server's answers. Default 4 MiB. */
  readonly windowBytes?: number;
  /** When frames are late this long, padding keeps the server waiting: it gives up after 5 s without a chunk. Default 2000. */
  readonly padAfterMs?: number;
  /** From the end of the archive to the stream. Default 30 minutes: a large archive is read again before it counts. */
  readonly finalTimeoutMs?: number;
  /** Names of configuration fields the server does not know and the stream goes without. When absent, they are a failure. */
  readonly dropped?: string[] | undefined;
  /** Bytes the server has taken. */
  onProgress?(bytes: number): void;
}

/**
 * Restores a stream from an archive in either format. `frames` gives whole S2 frames, the identifier first; a frame
 * must not change after it was given. Nothing is asked of the server before the first one is there. When `frames`
 * throws, the restore is abandoned and the failure passes on: the server keeps nothing of a V1 archive; of a V2 archive
 * (servers from 2.15 on, not clustered) it keeps a part of the stream.
 * The server reads chunks in the connection's read loop: give each restore a connection of its own. On a server that is
 * not clustered restores wait for each other once they have their first frame, see `takeTurn`.
 * Failures: conflict, server-refused, restore-failed, timed-out, and what `connection.request` throws.
 */
export async function restoreStream(
  js: JetStream,
  request: RestoreRequest,
  frames: AsyncIterable<Uint8Array>,
  options: RestoreOptions = {},
): Promise<StreamInfo> {
  const name = nameToken(StreamConfig.pick({ name: true }).parse(request.config).name);
  const source = new FrameSource(frames);
  try {
    await source.next((listener) => onAbort(options.signal, listener));
    using _turn = await takeTurn(js, options.signal);
    const subject = await begin(js, name, request, options);
    const { windowBytes = 4 * 1024 * 1024, signal, onProgress } = options;
    const lane = { stream: name, subject, windowBytes, signal, ...(onProgress === undefined ? {} : { onProgress }) };
    return await send(js, source, lane, options);
  } finally {
    await source.close();
  }
}

const RestoreAnswer = z.object({ deliver_subject: z.string() });
const beginTimeoutMs = 60_000;

async function begin(js: JetStream, name: string, { config, state = {} }: RestoreRequest, options: RestoreOptions) {
  const { signal, dropped } = options;
  const call = { schema: RestoreAnswer, timeoutMs: beginTimeoutMs, signal, dropped };
  const answer = await js.request(`STREAM.RESTORE.${name}`, { config, state }, call);
  return answer.deliver_subject;
}

async function send(
  { connection }: JetStream,
  source: FrameSource,
  laneOptions: ConstructorParameters<typeof RestoreLane>[1],
  options: RestoreOptions,
): Promise<StreamInfo> {
  const { padAfterMs = 2000, finalTimeoutMs = 30 * 60_000, chunkBytes = 512 * 1024 } = options;
  using lane = new RestoreLane(connection, laneOptions);
  const chunk = new Chunk(Math.min(chunkBytes, connection.maxPayloadBytes));
  try {
    for (;;) {
      const next = await source.next((listener) => lane.onFailure(listener), padAfterMs);
      if (next === "end") break;
      if (next === "late") {
        // between two frames nothing but whole frames was sent, so another one may follow
        await lane.send(chunk.isEmpty ? paddingFrame : chunk.take());
        continue;
      }
      source.taken();
      for (let rest = next; rest.length > 0; ) {
        rest = chunk.add(rest);
        if (chunk.isFull) await lane.send(chunk.take());
      }
    }
    if (!chunk.isEmpty) await lane.send(chunk.take());
    return await lane.finish(finalTimeoutMs);
  } catch (error) {
    await abandon(lane, connection);
    throw error;
  }
}

/** Tells the server, and waits a moment until it has heard, as the connection may be closed next. */
async function abandon(lane: RestoreLane, connection: JetStream["connection"]): Promise<void> {
  try {
    lane.abandon();
    await Promise.race([connection.flush(), pause(1000)]);
  } catch {
    // without a connection the server gives up by itself
  }
}

/** Bytes up to a limit, copied together. */
class Chunk {
  readonly #limit: number;
  #bytes: Uint8Array;
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#bytes = new Uint8Array(limit);
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  get isFull(): boolean {
    return this.#size === this.#limit;
  }

  /** Takes what fits; returns the rest. */
  add(bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, this.#limit - this.#size);
    this.#bytes.set(part, this.#size);
    this.#size += part.length;
    return bytes.subarray(part.length);
  }

  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#size);
    this.#bytes = new Uint8Array(this.#limit);
    this.#size = 0;
    return taken;
  }
}

/** An iterator one can ask again: a frame that is late is not lost. */
class FrameSource {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #pending: Promise<IteratorResult<Uint8Array>> | undefined;
  #isAsked = false;

  constructor(frames: AsyncIterable<Uint8Array>) {
    this.#iterator = frames[Symbol.asyncIterator]();
  }

  /** The same frame until it is `taken`. Rejects with what the listener of `interrupt` is told. */
  async next(
    interrupt: (listener: (failure: Failure) => void) => Disposable,
    waitMs?: number,
  ): Promise<Uint8Array | "late" | "end"> {
    this.#pending ??= this.#ask();
    const late = Promise.withResolvers<"late">();
    const timer = waitMs === undefined ? undefined : setTimeout(() => late.resolve("late"), waitMs);
    using _interrupted = interrupt(late.reject);
    try {
      const result = await Promise.race([this.#pending, late.promise]);
      if (result === "late") return "late";
      return result.done === true ? "end" : result.value;
    } finally {
      clearTimeout(timer);
    }
  }

  taken(): void {
    this.#pending = undefined;
  }

  /** Ends the iterator; one that is busy ends by itself later. */
  async close(): Promise<void> {
    const ending = this.#iterator.return?.();
    if (!this.#isAsked) await ending?.catch(() => {});
    else ending?.catch(() => {});
  }

  async #ask(): Promise<IteratorResult<Uint8Array>> {
    this.#isAsked = true;
    try {
      return await this.#iterator.next();
    } finally {
      this.#isAsked = false;
    }
  }
}
