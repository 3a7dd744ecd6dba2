import { Failure } from "../kit/failures.ts";
import { writeJson } from "../kit/json.ts";
import { checkAborted, onAbort, pause } from "./abort.ts";
import { aheadBytes } from "./ahead.ts";
import { isDirectMessage, readDirectMessage } from "./direct-message.ts";
import { type JetStream, nameToken } from "./jetstream.ts";
import type { StoredMessage } from "./message.ts";
import type { MessageReader, OnMessage, ReadOptions } from "./messages.ts";
import { requestMessage } from "./stored-message.ts";

const batchMessages = 16_384;
const answerTimeoutMs = 20_000;
/** How long a replica that has not what the leader has may take to catch up. */
const staleTimeoutMs = 30_000;
const stalePauseMs = 100;

/**
 * Reads with DIRECT.GET batches (ADR-31), small ones: servers from 2.15 on keep writers waiting meanwhile. Any replica or a mirror may answer; where they end, the leader is asked.
 * `onRefused`: the reader to go on with where this user may not do that.
 */
export function openDirectReader(
  js: JetStream,
  stream: string,
  from: bigint,
  { onRefused }: { readonly onRefused?: ((next: bigint) => MessageReader) | undefined } = {},
): MessageReader {
  let next = from > 0n ? from : 1n;
  let other: MessageReader | undefined;

  async function readThrough(target: bigint, onMessage: OnMessage, options: ReadOptions = {}): Promise<void> {
    try {
      if (other === undefined) await readDirectly(target, onMessage, options);
    } catch (error) {
      if (onRefused === undefined || !isRefused(error)) throw error;
      other = onRefused(next);
    }
    await other?.readThrough(target, onMessage, options);
  }
  const isRefused = (error: unknown) =>
    Failure.is(error, "not-permitted") && error.message.includes(`${js.prefix}.DIRECT.GET.`);
  async function readDirectly(target: bigint, onMessage: OnMessage, { signal }: ReadOptions): Promise<void> {
    let giveUp = performance.now() + staleTimeoutMs;
    while (next <= target) {
      checkAborted(signal);
      const messages = await readBatch(js, stream, next, signal);
      for (const message of messages) {
        checkAborted(signal);
        next = message.sequence + 1n;
        await onMessage(message);
      }
      if (messages.length > 0) giveUp = performance.now() + staleTimeoutMs;
      else await passEnd(target, giveUp, signal);
    }
  }
  /** Where the answering replica has no more: moves on when the leader has no more either, else waits for the replica. */
  async function passEnd(target: bigint, giveUp: number, signal: AbortSignal | undefined): Promise<void> {
    const behind = await requestMessage(js, stream, { seq: next, next_by_subj: ">" }, { signal });
    if (behind === undefined || behind.sequence > target) {
      next = target + 1n;
    } else if (performance.now() > giveUp) {
      throw new Failure("timed-out", `reading ${stream}: its replicas do not get message ${behind.sequence}`);
    } else {
      await pause(stalePauseMs, { signal });
    }
  }
  return {
    get method() {
      return other?.method ?? "direct";
    },
    readThrough,
    async [Symbol.asyncDispose]() {},
  };
}

/** The messages of one batch; fewer when some were lost on the way. Empty where the answering replica has no more. */
async function readBatch(js: JetStream, stream: string, seq: bigint, signal: AbortSignal | undefined) {
  const { connection, prefix } = js;
  const subject = `${prefix}.DIRECT.GET.${nameToken(stream)}`;
  const messages: StoredMessage[] = [];
  const done = Promise.withResolvers<void>();
  let isWhole = true;
  const late = new Failure("timed-out", `reading ${stream}: no end of a batch within ${answerTimeoutMs / 1000} s`);
  const timer = setTimeout(() => done.reject(late), answerTimeoutMs);
  using scope = new DisposableStack();
  scope.defer(() => clearTimeout(timer));
  scope.use(onAbort(signal, done.reject));
  scope.defer(connection.watchPublish(subject, done.reject).unsubscribe);
  const inbox = connection.newInbox();
  const subscription = connection.subscribe(
    inbox,
    (answer) => {
      if (!isDirectMessage(answer)) {
        done.resolve(checkEnd(stream, answer.status));
        return;
      }
      timer.refresh();
      const { message, previous } = readDirectMessage(answer);
      isWhole &&= previous === (messages.at(-1)?.sequence ?? 0n);
      if (isWhole) messages.push(message);
    },
    done.reject,
  );
  scope.defer(subscription.unsubscribe);
  const request = writeJson({ seq, batch: batchMessages, max_bytes: aheadBytes });
  connection.publish(subject, new TextEncoder().encode(request), inbox);
  await done.promise;
  return messages;
}

/** 204 ends a batch, 404 says that nothing is there. */
function checkEnd(stream: string, status: { readonly code: number; readonly description: string } | undefined): void {
  if (status?.code === 204 || status?.code === 404) return;
  if (status?.code === 503) {
    throw new Failure("stream-changed", `reading ${stream}: it is gone, or lets nobody read directly any more`);
  }
  throw new Failure(
    "server-refused",
    `reading ${stream}: ${status?.code ?? "?"} ${status?.description ?? "no status"}`,
  );
}
