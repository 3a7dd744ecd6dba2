import { Failure } from "../kit/failures.ts";
import { onAbort } from "./abort.ts";
import type { Connection } from "./connection.ts";
import type { WireMessage } from "./wire-message.ts";

/**
 * While the reader is busy with one chunk, one more is acknowledged this often, so that the server goes on instead of
 * giving up: servers before 2.12.5 do so 2 s, later ones 5 s after the window is full. Costs one chunk of memory each.
 * Those before count bytes, of chunks of any size: what is acknowledged must add up to the largest.
 */
const trickleMs = 900;
const tickMs = 200;
/** A tick that comes later than this was held up by this process, and says nothing about the server. */
const longestTickMs = 1000;

export interface ChunkFeedOptions {
  readonly signal?: AbortSignal | undefined;
  /** Fail when the server is silent this long. Counted from `start`. */
  readonly idleTimeoutMs: number;
}

/** The chunks of one snapshot: checks that none is missing, acknowledges them, and knows when the server went away. */
export interface ChunkFeed extends Disposable {
  /** Where the server shall send the chunks. Subscribed already: the server sends at once. */
  readonly inbox: string;
  /** Rejects when the feed fails; never resolves. */
  readonly failed: Promise<never>;
  /** Begins to watch for silence. */
  start(): void;
  /** The next chunk, undefined after the last; the one before is acknowledged. Throws what the feed failed with. */
  next(): Promise<Uint8Array | undefined>;
}

/** Subscribes for the chunks of a snapshot of `stream` (nats-protocol 1.2). */
export function openChunkFeed(connection: Connection, stream: string, options: ChunkFeedOptions): ChunkFeed {
  const feed = new SubscribedFeed(connection, stream, options.idleTimeoutMs);
  feed.listen(options.signal);
  return feed;
}

class SubscribedFeed implements ChunkFeed {
  readonly inbox: string;
  readonly failed: Promise<never>;
  readonly #connection: Connection;
  readonly #stream: string;
  readonly #idleTimeoutMs: number;
  readonly #scope = new DisposableStack();
  readonly #chunks: Uint8Array[] = [];
  /** Acknowledgements that are still due, oldest first. */
  readonly #replies: { readonly subject: string; readonly bytes: number }[] = [];
  #largestBytes = 0;
  #received = 0;
  #taken = 0;
  #acknowledged = 0;
  #isLast = false;
  #ended = false;
  #failure: Failure | undefined;
  #fail: (failure: Failure) => void;
  #wake: () => void = () => {};
  #silentMs = 0;
  #lastTick = 0;
  #lastAcknowledged = 0;

  constructor(connection: Connection, stream: string, idleTimeoutMs: number) {
    this.#connection = connection;
    this.#stream = stream;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.inbox = connection.newInbox();
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    this.failed = failed.promise;
    this.#fail = (failure) => {
      this.#failure ??= failure;
      failed.reject(this.#failure);
      this.#wake();
    };
  }

  listen(signal: AbortSignal | undefined): void {
    const { unsubscribe } = this.#connection.subscribe(this.inbox, (message) => this.#receive(message), this.#fail);
    this.#scope.defer(unsubscribe);
    const watch = this.#connection.watchPublish(`$JS.SNAPSHOT.ACK.${this.#stream}.`, this.#fail);
    this.#scope.defer(watch.unsubscribe);
    this.#scope.use(onAbort(signal, this.#fail));
  }

  start(): void {
    this.#lastTick = this.#lastAcknowledged = performance.now();
    const timer = setInterval(() => this.#tick(), tickMs);
    this.#scope.defer(() => clearInterval(timer));
  }

  async next(): Promise<Uint8Array | undefined> {
    while (this.#acknowledged < this.#taken) this.#acknowledge();
    while (this.#failure === undefined && this.#chunks.length === 0 && !this.#ended) {
      const woken = Promise.withResolvers<void>();
      this.#wake = woken.resolve;
      await woken.promise;
    }
    if (this.#failure !== undefined) throw this.#failure;
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) this.#taken++;
    return chunk;
  }

  [Symbol.dispose](): void {
    this.#scope.dispose();
  }

  /** What is thrown in here the connection hands to #fail. */
  #receive(message: WireMessage): void {
    this.#silentMs = 0;
    if (message.payload.length === 0) this.#end(message);
    else this.#add(message);
    this.#wake();
  }

  /** Every chunk but a short last one carries `...<length>.<index>` as its reply. */
  #add({ payload, reply }: WireMessage): void {
    const due = this.#received + 1;
    if (this.#isLast || this.#ended) throw this.#incomplete("more came after the last chunk");
    this.#received = due;
    if (reply === undefined) {
      this.#isLast = true;
    } else {
      const [length, index] = reply.split(".").slice(-2).map(Number);
      if (index !== due) throw this.#incomplete(`chunk ${index} came where ${due} was due`);
      const bytes = payload.length;
      if (length !== bytes) throw this.#incomplete(`chunk ${due} has ${bytes} of ${length} bytes`);
      this.#replies.push({ subject: reply, bytes });
      this.#largestBytes = Math.max(this.#largestBytes, bytes);
    }
    this.#chunks.push(payload);
  }

  #end({ status }: WireMessage): void {
    if (status === undefined || status.code === 204) {
      this.#ended = true;
    } else {
      const said = `${status.code} ${status.description}`;
      this.#fail(
        new Failure("snapshot-aborted", `reading the snapshot of ${this.#stream}: the server gave up: ${said}`),
      );
    }
  }

  /** Acknowledges one chunk; its bytes, 0 for one that wants no acknowledgement. */
  #acknowledge(): number {
    this.#acknowledged++;
    const reply = this.#replies.shift();
    if (reply === undefined) return 0;
    this.#lastAcknowledged = performance.now();
    this.#connection.publish(reply.subject, nothing);
    return reply.bytes;
  }

  #trickle(): void {
    for (let bytes = 0; bytes < this.#largestBytes && this.#replies.length > 0; ) bytes += this.#acknowledge();
  }

  #tick(): void {
    const now = performance.now();
    this.#silentMs += Math.min(now - this.#lastTick, longestTickMs);
    this.#lastTick = now;
    if (this.#ended || this.#failure !== undefined) return;
    try {
      if (this.#silentMs >= this.#idleTimeoutMs) throw this.#silent();
      if (now - this.#lastAcknowledged >= trickleMs) this.#trickle();
    } catch (error) {
      this.#fail(Failure.from(error));
    }
  }

  #silent(): Failure {
    const seconds = this.#idleTimeoutMs / 1000;
    return new Failure("timed-out", `reading the snapshot of ${this.#stream}: the server is silent for ${seconds} s`);
  }

  #incomplete(what: string): Failure {
    return new Failure("snapshot-incomplete", `reading the snapshot of ${this.#stream}: ${what}`);
  }
}

const nothing = new Uint8Array(0);
