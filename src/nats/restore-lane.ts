import { Failure } from "../kit/failures.ts";
import { onAbort } from "./abort.ts";
import type { Connection } from "./connection.ts";
import { parseApiError } from "./jetstream.ts";
import { StreamInfo } from "./stream.ts";
import type { WireMessage } from "./wire-message.ts";

/** A chunk that nobody takes (503) often is followed by why: the restore's error answer. */
const lateErrorMs = 300;
/** The server answers each chunk when it has read it; a slow disk may hold it up. */
const answerTimeoutMs = 60_000;
const tickMs = 500;
/** No S2 frame begins so: were it ever read as a part of the archive, the archive would be refused. */
const poison = Uint8Array.of(0x02);
const nothing = new Uint8Array(0);

export interface RestoreLaneOptions {
  /** For messages. */
  readonly stream: string;
  /** Where the server wants the chunks. */
  readonly subject: string;
  readonly windowBytes: number;
  readonly signal?: AbortSignal | undefined;
  onProgress?(bytes: number): void;
}

/** The chunks of one restore on their way (nats-protocol 2): acknowledged in order, so many bytes ahead. */
export class RestoreLane implements Disposable {
  readonly #connection: Connection;
  readonly #options: RestoreLaneOptions;
  readonly #inbox: string;
  readonly #scope = new DisposableStack();
  /** Bytes of the chunks not answered yet, oldest first. */
  readonly #sizes: number[] = [];
  #ahead = 0;
  #done = 0;
  #info: StreamInfo | undefined;
  #failure: Failure | undefined;
  readonly #listeners = new Set<(failure: Failure) => void>();
  readonly #fail: (failure: Failure) => void;
  #wake: () => void = () => {};
  #deadline = Number.POSITIVE_INFINITY;

  constructor(connection: Connection, options: RestoreLaneOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#inbox = connection.newInbox();
    this.#fail = (failure) => {
      this.#failure ??= failure;
      for (const listener of this.#listeners) listener(this.#failure);
      this.#wake();
    };
    const { unsubscribe } = connection.subscribe(this.#inbox, (message) => this.#receive(message), this.#fail);
    this.#scope.defer(unsubscribe);
    this.#scope.defer(connection.watchPublish(options.subject, this.#fail).unsubscribe);
    this.#scope.use(onAbort(options.signal, this.#fail));
    const timer = setInterval(() => this.#tick(), tickMs);
    this.#scope.defer(() => clearInterval(timer));
  }

  /** Tells `listener` when the restore fails, or at once when it has. (A promise to race with would keep every frame.) */
  onFailure(listener: (failure: Failure) => void): Disposable {
    if (this.#failure !== undefined) listener(this.#failure);
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Sends one chunk as soon as the window has room for it. */
  async send(chunk: Uint8Array): Promise<void> {
    await this.#until(() => this.#ahead === 0 || this.#ahead + chunk.length <= this.#options.windowBytes);
    if (this.#sizes.length === 0) this.#deadline = performance.now() + answerTimeoutMs;
    this.#sizes.push(chunk.length);
    this.#ahead += chunk.length;
    this.#connection.publish(this.#options.subject, chunk, this.#inbox);
  }

  /** Says that this was all; resolves with the stream as restored. */
  async finish(timeoutMs: number): Promise<StreamInfo> {
    await this.#until(() => this.#sizes.length === 0);
    this.#deadline = performance.now() + timeoutMs;
    this.#connection.publish(this.#options.subject, nothing, this.#inbox);
    await this.#until(() => this.#info !== undefined);
    if (this.#info === undefined) throw new Failure("unexpected", "the end of a restore is unknown");
    return this.#info;
  }

  /** Makes the server drop the restore at once: a chunk without a reply subject is an error to every version. */
  abandon(): void {
    if (this.#info === undefined) this.#connection.publish(this.#options.subject, poison);
  }

  [Symbol.dispose](): void {
    this.#scope.dispose();
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (this.#failure === undefined && !isSo()) {
      const woken = Promise.withResolvers<void>();
      this.#wake = woken.resolve;
      await woken.promise;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** What is thrown in here the connection hands to #fail. */
  #receive({ payload, status }: WireMessage): void {
    if (status?.code === 503) this.#expectError();
    else if (payload.length > 0) this.#finish(new TextDecoder().decode(payload));
    else this.#answered();
    this.#wake();
  }

  #answered(): void {
    const bytes = this.#sizes.shift() ?? 0;
    this.#ahead -= bytes;
    this.#done += bytes;
    this.#deadline = this.#sizes.length === 0 ? Number.POSITIVE_INFINITY : performance.now() + answerTimeoutMs;
    this.#options.onProgress?.(this.#done);
  }

  #finish(text: string): void {
    const { value, error } = parseApiError(`restoring ${this.#options.stream}`, text);
    if (error !== undefined) throw error;
    this.#info = StreamInfo.parse(value);
  }

  #expectError(): void {
    const message = `restoring ${this.#options.stream}: the server ended it and does not say why`;
    const timer = setTimeout(() => this.#fail(new Failure("restore-failed", message)), lateErrorMs);
    this.#scope.defer(() => clearTimeout(timer));
  }

  #tick(): void {
    if (performance.now() < this.#deadline) return;
    this.#fail(new Failure("timed-out", `restoring ${this.#options.stream}: the server does not answer any more`));
  }
}
