import { Failure } from "../kit/failures.ts";
import { abortFailure, onAbort } from "./abort.ts";
import type { JetStream } from "./jetstream.ts";
import type { StoredMessage } from "./message.ts";
import { MessageQueue } from "./message-queue.ts";
import type { MessageReader, OnMessage, ReaderOptions, ReadOptions } from "./messages.ts";
import { openPullConsumer, type PullConsumer } from "./pull-consumer.ts";
import { requestMessage } from "./stored-message.ts";
import { StreamConfig, type StreamInfo } from "./stream.ts";

/** Unread messages above this stop the pulling; what was asked for before may still come. */
const mostUnreadBytes = 64 * 1024 * 1024;
/** How long nothing may come before it is asked whether anything is to come. Doubles up to the second number. */
const graceMs = { first: 20, most: 500 };
/** When the consumer owes messages this long, the stream itself is asked. */
const stalledMs = 5000;
/** Consumers lost one after the other without a message in between, before that is a failure. */
const mostLosses = 4;

/** A reader that follows the stream live, also between calls of `readThrough`. Throws what CONSUMER.CREATE answers. */
export async function openConsumerReader(
  js: JetStream,
  stream: StreamInfo,
  from: bigint,
  options: ReaderOptions = {},
): Promise<MessageReader> {
  const reader = new ConsumerReader(js, stream, from > 0n ? from : 1n, options);
  await reader.open(options.signal);
  return reader;
}

class ConsumerReader implements MessageReader {
  readonly method = "consumer";
  readonly #js: JetStream;
  readonly #stream: StreamInfo;
  readonly #config: StreamConfig;
  readonly #name: string;
  readonly #headersOnly: boolean;
  readonly #unread = new MessageQueue();
  #consumer: PullConsumer | undefined;
  #isLost = false;
  #failure: Failure | undefined;
  #losses = 0;
  #made = 0;
  /** The last sequence that was delivered, and the last that `onMessage` got. */
  #delivered: bigint;
  #passed: bigint;
  #wake: () => void = () => {};

  constructor(js: JetStream, stream: StreamInfo, from: bigint, { consumerName, headersOnly = false }: ReaderOptions) {
    this.#js = js;
    this.#stream = stream;
    this.#config = StreamConfig.parse(stream.config);
    this.#name = consumerName ?? `reader-${js.connection.newInbox().split(".").at(-1)}`;
    this.#headersOnly = headersOnly;
    this.#delivered = this.#passed = from - 1n;
  }

  /** Makes the consumer that continues behind what was delivered. */
  async open(signal: AbortSignal | undefined): Promise<void> {
    await this.#consumer?.[Symbol.asyncDispose]();
    this.#consumer = undefined;
    this.#isLost = false;
    const number = ++this.#made;
    const opening = openPullConsumer(this.#js, this.#stream, {
      name: number === 1 ? this.#name : `${this.#name}-${number}`,
      from: this.#delivered + 1n,
      headersOnly: this.#headersOnly,
      signal,
      onMessage: (message) => this.#receive(message),
      onLost: (failure) => this.#lose(failure),
    });
    try {
      this.#consumer = await opening;
    } catch (error) {
      this.#isLost = true;
      throw error;
    }
  }

  async readThrough(target: bigint, onMessage: OnMessage, { signal }: ReadOptions = {}): Promise<void> {
    let quietSince = performance.now();
    let waitMs = graceMs.first;
    for (;;) {
      const before = this.#passed;
      await this.#drain(onMessage, signal);
      if (this.#passed >= target) return;
      if (this.#passed !== before) {
        quietSince = performance.now();
        waitMs = graceMs.first;
      }
      if (this.#isLost) await this.open(signal);
      if (await this.#hasArrived(waitMs, signal)) continue;
      waitMs = Math.min(waitMs * 2, graceMs.most);
      const isStalled = performance.now() - quietSince > stalledMs;
      if (await this.#isPast(target, isStalled, signal)) {
        await this.#drain(onMessage, signal);
        return;
      }
      if (isStalled) quietSince = performance.now();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer?.[Symbol.asyncDispose]();
    this.#consumer = undefined;
  }

  #receive(message: StoredMessage): void {
    this.#losses = 0;
    this.#delivered = message.sequence;
    this.#unread.push(message);
    if (this.#consumer !== undefined && this.#unread.bytes > mostUnreadBytes) this.#consumer.paused = true;
    this.#wake();
  }

  #lose(failure: Failure): void {
    this.#isLost = true;
    const isFinal = Failure.is(failure, "server-unreachable", "not-permitted", "interrupted", "unexpected");
    if (isFinal || ++this.#losses > mostLosses) this.#failure ??= failure;
    this.#wake();
  }

  async #drain(onMessage: OnMessage, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      if (signal?.aborted === true) throw abortFailure(signal);
      const message = this.#unread.shift();
      if (message === undefined) break;
      this.#passed = message.sequence;
      const taken = onMessage(message);
      if (taken !== undefined) await taken;
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#consumer !== undefined) this.#consumer.paused = false;
  }

  /** Whether something came within the time, a loss included. */
  async #hasArrived(waitMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (!this.#unread.isEmpty) return true;
    const arrived = Promise.withResolvers<boolean>();
    this.#wake = () => arrived.resolve(true);
    const timer = setTimeout(() => arrived.resolve(false), waitMs);
    using _aborted = onAbort(signal, arrived.reject);
    try {
      return await arrived.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Whether nothing up to `target` is to come, as all of it may be deleted. The consumer of a replicated stream may run
   * where the newest messages have not arrived yet: there, and where the consumer owes messages for too long, the
   * stream's leader is asked for the next one.
   */
  async #isPast(target: bigint, isStalled: boolean, signal: AbortSignal | undefined): Promise<boolean> {
    const isDrained = (await this.#consumer?.isDrained(signal)) ?? false;
    if (!isDrained && !isStalled) return false;
    if (isDrained && this.#config.num_replicas === 1n) return true;
    const name = this.#config.name;
    const next = await requestMessage(this.#js, name, { seq: this.#delivered + 1n, next_by_subj: ">" }, { signal });
    if (next === undefined || next.sequence > target) return true;
    if (isStalled) this.#lose(new Failure("timed-out", `reading ${name}: message ${next.sequence} is not delivered`));
    return false;
  }
}
