import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { JsonObject } from "../../src/kit/json.ts";
import { consumerFiles, metaFiles } from "../../src/nats/codec/archive.ts";
import { ArchiveWriter } from "../../src/nats/codec/archive-writer.ts";
import { BlockBuilder, recordKey } from "../../src/nats/codec/record.ts";
import { connect } from "../../src/nats/connection.ts";
import { type JetStream, openJetStream } from "../../src/nats/jetstream.ts";
import type { StoredMessage } from "../../src/nats/message.ts";
import { restoreStream } from "../../src/nats/restore.ts";
import type { StoredConsumer } from "../../src/nats/stream.ts";

const Any = z.looseObject({});

export interface OpenedJetStream extends AsyncDisposable {
  readonly jetstream: JetStream;
}

export async function openServer(url: string): Promise<OpenedJetStream> {
  const connection = await connect({ servers: [url] }, {});
  return { jetstream: openJetStream(connection, {}), [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() };
}

/** Makes a stream; its subject is `<name>.>` unless the configuration says otherwise. */
export async function createStream(jetstream: JetStream, name: string, config: JsonObject = {}): Promise<void> {
  const body = { name, subjects: [`${name}.>`], storage: "file", num_replicas: 1n, ...config };
  await jetstream.request(`STREAM.CREATE.${name}`, body, { schema: Any });
}

export async function publish(jetstream: JetStream, subject: string, payload: Uint8Array | string): Promise<void> {
  const reply = await jetstream.connection.request(subject, Buffer.from(payload), { timeoutMs: 20_000 });
  const text = Buffer.from(reply.payload).toString("utf8");
  if (text.includes('"error"')) throw new Error(`publishing to ${subject}: ${text}`);
}

/** `count` messages on three subjects, without waiting for each acknowledgement. In the end the server has dealt with all. */
export async function publishMany(jetstream: JetStream, prefix: string, count: number, bytes = 100): Promise<void> {
  const { connection } = jetstream;
  for (let number = 1; number <= count; number++) {
    const [subject, payload] = [`${prefix}.${number % 3}`, Buffer.alloc(bytes, `${prefix} ${number} `)];
    if (number % 500 === 0) await publish(jetstream, subject, payload);
    // some streams are full by now: a refusal is an answer, too
    else if (number === count) await connection.request(subject, payload, { timeoutMs: 20_000 });
    else connection.publish(subject, payload);
  }
}

export async function deleteMessage(jetstream: JetStream, stream: string, sequence: bigint): Promise<void> {
  await jetstream.request(`STREAM.MSG.DELETE.${stream}`, { seq: sequence }, { schema: Any });
}

export async function purge(jetstream: JetStream, stream: string, body: JsonObject = {}): Promise<void> {
  await jetstream.request(`STREAM.PURGE.${stream}`, body, { schema: Any });
}

export async function createConsumer(
  jetstream: JetStream,
  stream: string,
  name: string,
  config: JsonObject = {},
): Promise<void> {
  const body = { stream_name: stream, config: { durable_name: name, ack_policy: "explicit", ...config } };
  await jetstream.request(`CONSUMER.DURABLE.CREATE.${stream}.${name}`, body, { schema: Any });
}

export interface Taking {
  readonly stream: string;
  readonly consumer: string;
  readonly count: number;
  readonly isAcknowledged: (index: number) => boolean;
  /** How long a consumer that gives nothing (none of its servers leads it yet) is asked again. */
  readonly patienceMs?: number;
}

/** Takes `count` messages, or what came in time; acknowledges those for which `isAcknowledged(index)` holds. */
export async function take(jetstream: JetStream, taking: Taking): Promise<string[]> {
  const bodies: string[] = [];
  const endMs = performance.now() + (taking.patienceMs ?? 20_000);
  while (bodies.length < taking.count && performance.now() < endMs) {
    await pullInto(bodies, jetstream, taking);
    if (bodies.length < taking.count) await sleep(50);
  }
  await jetstream.connection.flush();
  return bodies;
}

/** A pull ends after two seconds; one that says nothing for longer was lost with the consumer's leader. */
const [pullExpiresNs, pullSilentMs] = [2_000_000_000, 3000];

/** One pull for what is missing. Resolves when it ends; nothing of it comes later. */
async function pullInto(
  bodies: string[],
  { connection }: JetStream,
  { stream, consumer, count, isAcknowledged }: Taking,
): Promise<void> {
  const inbox = connection.newInbox();
  const ended = Promise.withResolvers<void>();
  const silent = setTimeout(ended.resolve, pullSilentMs);
  const subscription = connection.subscribe(inbox, (message) => {
    if (message.status !== undefined) return ended.resolve();
    silent.refresh();
    if (isAcknowledged(bodies.length) && message.reply !== undefined)
      connection.publish(message.reply, Buffer.from("+ACK"));
    bodies.push(Buffer.from(message.payload).toString("utf8"));
    if (bodies.length === count) ended.resolve();
  });
  const request = JSON.stringify({ batch: count - bodies.length, expires: pullExpiresNs });
  connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, Buffer.from(request), inbox);
  try {
    await ended.promise;
    // what the server has sent already arrives before its answer
    await connection.flush();
  } finally {
    clearTimeout(silent);
    subscription.unsubscribe();
  }
}

/** Puts messages into a server byte for byte, whatever their sequence, time and headers, by restoring an archive. */
export async function plant(
  jetstream: JetStream,
  name: string,
  parts: {
    config?: JsonObject;
    messages: readonly StoredMessage[];
    consumers?: readonly StoredConsumer[];
    created?: string;
    /** All in one block unless given. */
    messagesPerBlock?: number;
  },
): Promise<void> {
  const config = {
    name,
    subjects: [`${name}.>`],
    storage: "file",
    retention: "limits",
    num_replicas: 1n,
    ...parts.config,
  };
  async function* frames(): AsyncGenerator<Uint8Array> {
    const writer = new ArchiveWriter();
    for (const [file, bytes] of metaFiles(config, parts.created ?? "2026-01-02T03:04:05.678901234Z"))
      yield* writer.entry(file, bytes);
    const { messages, messagesPerBlock = messages.length } = parts;
    for (let number = 1; (number - 1) * messagesPerBlock < messages.length; number++) {
      const builder = new BlockBuilder();
      for (const one of messages.slice((number - 1) * messagesPerBlock, number * messagesPerBlock)) builder.add(one);
      yield* writer.entry(`msgs/${number}.blk`, builder.seal(recordKey(name, BigInt(number))));
    }
    for (const consumer of parts.consumers ?? []) {
      for (const [file, bytes] of consumerFiles(name, consumer)) yield* writer.entry(file, bytes);
    }
    yield* writer.end();
  }
  await restoreStream(jetstream, { config }, frames(), {});
}

export function message(sequence: bigint, subject: string, more: Partial<StoredMessage> = {}): StoredMessage {
  return {
    sequence,
    timestamp: 1_763_719_200_123_456_789n + (sequence % 1_000_000n),
    subject: Buffer.from(subject),
    header: new Uint8Array(0),
    payload: Buffer.from(`payload ${sequence}`),
    ...more,
  };
}
