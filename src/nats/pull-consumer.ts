import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { writeJson } from "../kit/json.ts";
import { aheadBytes } from "./ahead.ts";
import { type Delivery, parseDelivery } from "./delivery.ts";
import { ApiFailure, type JetStream, nameToken } from "./jetstream.ts";
import type { StoredMessage } from "./message.ts";
import { ConsumerInfo, type StreamInfo } from "./stream.ts";
import type { WireMessage } from "./wire-message.ts";

/** Pulls open at the same time, so that the server always has one to serve. */
const openPulls = 2;
const pullMessages = 5000;
const pullBytes = aheadBytes / openPulls;
const secondNs = 1_000_000_000n;
const pullExpiresNs = 30n * secondNs;
const heartbeatNs = 5n * secondNs;
/** Two heartbeats and a bit. */
const silentTimeoutMs = 12_000;
const tickMs = 500;
/** The server removes the consumer by itself when nobody pulls this long. */
const inactiveNs = 300n * secondNs;
/** Statuses after which the same consumer can be asked again (server/consumer.go). */
const pullEnds = /^408 |^409 (Message Size Exceeds MaxBytes|Batch Completed|Leadership Change|Server Shutdown)/;
const consumerNotFound = 10014;
const createTimeoutMs = 5000;
const deleteTimeoutMs = 3000;

export interface PullOptions {
  readonly name: string;
  readonly from: bigint;
  readonly headersOnly: boolean;
  readonly signal?: AbortSignal | undefined;
  onMessage(message: StoredMessage): void;
  /** Deliveries were lost, or the consumer is gone; called once, and nothing comes after. */
  onLost(failure: Failure): void;
}

/**
 * An ephemeral consumer that acknowledges nothing, and the pulls that keep it sending. Throws what CONSUMER.CREATE
 * answers.
 */
export async function openPullConsumer(js: JetStream, stream: StreamInfo, options: PullOptions): Promise<PullConsumer> {
  const streamName = nameToken(String(stream.config["name"]));
  const name = nameToken(options.name, "consumer");
  const config = {
    name,
    ack_policy: "none",
    deliver_policy: "by_start_sequence",
    opt_start_seq: options.from,
    replay_policy: "instant",
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: inactiveFor(stream),
    ...(options.headersOnly ? { headers_only: true } : {}),
  };
  const call = `CONSUMER.CREATE.${streamName}.${name}`;
  const { signal } = options;
  const create = (timeoutMs?: number) =>
    js.request(call, { stream_name: streamName, config }, { schema: z.looseObject({}), signal, timeoutMs });
  try {
    await create(createTimeoutMs);
  } catch (error) {
    // a cluster may lose the answer; the same once more finds the consumer made
    if (!Failure.is(error, "timed-out")) throw error;
    await create();
  }
  return new PullConsumer(js, streamName, options);
}

/** A stream may limit how long its consumers live unused (`consumer_limits`, 2.10). */
function inactiveFor({ config }: StreamInfo): bigint {
  const Limits = z.object({ consumer_limits: z.object({ inactive_threshold: z.bigint().default(0n) }).nullish() });
  const limit = Limits.parse(config).consumer_limits?.inactive_threshold ?? 0n;
  return limit > 0n && limit < inactiveNs ? limit : inactiveNs;
}

export class PullConsumer implements AsyncDisposable {
  readonly #js: JetStream;
  readonly #stream: string;
  readonly #options: PullOptions;
  readonly #inbox: string;
  readonly #scope = new DisposableStack();
  /**
   * Reply subject -> messages it may still bring, counted as if the server served the oldest first (it takes turns), and
   * the last delivery before it.
   */
  readonly #pulls = new Map<string, { left: number; readonly since: bigint }>();
  #pullCount = 0;
  #pullBytes = pullBytes;
  #delivered = 0n;
  #isPaused = false;
  #isOver = false;
  #silentMs = 0;
  #lastTick = performance.now();

  constructor(js: JetStream, stream: string, options: PullOptions) {
    this.#js = js;
    this.#stream = stream;
    this.#options = options;
    this.#inbox = js.connection.newInbox();
    const lose = (failure: Failure) => this.#lose(failure);
    const { unsubscribe } = js.connection.subscribe(`${this.#inbox}.*`, (message) => this.#receive(message), lose);
    this.#scope.defer(unsubscribe);
    this.#scope.defer(js.connection.watchPublish(this.#pullSubject, lose).unsubscribe);
    const timer = setInterval(() => this.#tick(), tickMs);
    this.#scope.defer(() => clearInterval(timer));
    this.#pull();
  }

  /** Stops asking for more (what was asked for still comes), or goes on. */
  set paused(isPaused: boolean) {
    this.#isPaused = isPaused;
    if (!isPaused) this.#pull();
  }

  /** Whether all that the consumer could deliver at some moment after the call was delivered here. */
  async isDrained(signal: AbortSignal | undefined): Promise<boolean> {
    const call = `CONSUMER.INFO.${this.#stream}.${this.#options.name}`;
    try {
      const info = await this.#js.request(call, undefined, { schema: ConsumerInfo, signal });
      return info.num_pending === 0n && info.delivered.consumer_seq <= this.#delivered;
    } catch (error) {
      if (!ApiFailure.has(error, consumerNotFound)) throw error;
      this.#lose(error);
      return false;
    }
  }

  /** Deletes the consumer; where that fails, the server does so later. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#scope.dispose();
    const call = `CONSUMER.DELETE.${this.#stream}.${this.#options.name}`;
    await this.#js.request(call, undefined, { schema: z.unknown(), timeoutMs: deleteTimeoutMs }).catch(() => {});
  }

  get #pullSubject(): string {
    return `${this.#js.prefix}.CONSUMER.MSG.NEXT.${this.#stream}.${this.#options.name}`;
  }

  #lose(failure: Failure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#scope.dispose();
    this.#options.onLost(failure);
  }

  #receive(message: WireMessage): void {
    if (this.#isOver) return;
    this.#silentMs = 0;
    const delivery = parseDelivery(message.reply);
    if (delivery === undefined) this.#hear(message);
    else if (delivery.consumer === this.#options.name) this.#deliver(delivery, message);
    if (!this.#isPaused) this.#pull();
  }

  #deliver({ consumerSequence, streamSequence, timestamp }: Delivery, message: WireMessage): void {
    if (consumerSequence !== this.#delivered + 1n) {
      this.#lose(this.#lost(`delivery ${consumerSequence} came after ${this.#delivered}`));
      return;
    }
    this.#delivered = consumerSequence;
    const [oldest] = this.#pulls;
    if (oldest !== undefined) {
      const [reply, pull] = oldest;
      if (--pull.left <= 0) this.#pulls.delete(reply);
    }
    const { subjectBytes: subject, header, payload } = message;
    this.#options.onMessage({ sequence: streamSequence, timestamp, subject, header, payload });
  }

  /** Status messages: 100 is a heartbeat, some end one pull, all others the consumer. */
  #hear({ subject, status }: WireMessage): void {
    if (status?.code === 100) return;
    const said = `${status?.code ?? "?"} ${status?.description ?? "a message that is none"}`;
    if (!pullEnds.test(said)) {
      this.#lose(this.#lost(said));
      return;
    }
    const pull = this.#pulls.get(subject);
    this.#pulls.delete(subject);
    // the next message alone is larger than a whole pull may bring
    if (said.includes("MaxBytes") && pull?.since === this.#delivered) this.#pullBytes *= 2;
  }

  #pull(): void {
    // larger pulls are for single messages that are larger than one
    const most = this.#pullBytes > pullBytes ? 1 : openPulls;
    while (!this.#isOver && !this.#isPaused && this.#pulls.size < most) {
      const reply = `${this.#inbox}.${++this.#pullCount}`;
      this.#pulls.set(reply, { left: pullMessages, since: this.#delivered });
      const request = {
        batch: pullMessages,
        max_bytes: this.#pullBytes,
        expires: pullExpiresNs,
        idle_heartbeat: heartbeatNs,
      };
      this.#js.connection.publish(this.#pullSubject, new TextEncoder().encode(writeJson(request)), reply);
    }
  }

  #tick(): void {
    const now = performance.now();
    // a late tick says that this process was busy, not that the server was silent
    this.#silentMs += Math.min(now - this.#lastTick, 2 * tickMs);
    this.#lastTick = now;
    if (this.#pulls.size === 0) this.#silentMs = 0;
    if (this.#silentMs >= silentTimeoutMs) this.#lose(this.#lost("no heartbeat came"));
  }

  #lost(what: string): Failure {
    return new Failure("server-refused", `reading ${this.#stream} with consumer ${this.#options.name}: ${what}`);
  }
}
