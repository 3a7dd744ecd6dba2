import { Failure } from "../kit/failures.ts";
import type { JsonObject } from "../kit/json.ts";
import { parseTime } from "../kit/time.ts";
import type { JetStream } from "../nats/jetstream.ts";
import { getMessage } from "../nats/messages.ts";
import { type ConsumerInfo, StreamConfig, type StreamInfo, type StreamState } from "../nats/stream.ts";
import { listConsumers, streamInfo } from "../nats/streams.ts";
import { listSettledConsumers } from "./consumer-list.ts";
import { explainLosses, isExpired, type Limits } from "./losses.ts";
import type { Manifest, ManifestConsumer } from "./manifest.ts";
import { type Running, timeOf } from "./progress.ts";
import { isSampled, type Sample } from "./sample.ts";

export interface Restored {
  readonly manifest: Manifest;
  readonly config: JsonObject;
  /** The server's final answer. */
  readonly info: StreamInfo;
  readonly samples: readonly Sample[];
  /** Messages that were sent with a time to live of their own. */
  readonly withTtl: bigint;
}

/** At most this many messages are read back; evenly chosen when there are more blocks. */
const mostSamples = 400;

/**
 * Asks all that `verifyRestored` will ask, while the stream is not there yet: a user who may not read it back shall
 * learn so before anything was restored.
 */
export async function checkVerifiable(jetstream: JetStream, name: string, { signal }: Running): Promise<void> {
  const asked = [
    getMessage(jetstream, name, 1n, { signal }),
    streamInfo(jetstream, name, { signal }),
    listConsumers(jetstream, name, { signal }),
  ];
  for (const answer of await Promise.allSettled(asked)) {
    if (answer.status === "rejected" && !Failure.is(answer.reason, "stream-not-found")) throw answer.reason;
  }
}

/**
 * Compares a restored stream with its manifest: counts, ends, the first and last message of the blocks, consumers.
 * Returns notes on what the stream's own limits removed. Throws restore-failed when something is not there.
 */
export async function verifyRestored(jetstream: JetStream, restored: Restored, running: Running): Promise<string[]> {
  const { manifest, info, config } = restored;
  const { signal } = running;
  const name = String(config.name);
  const { state } = await streamInfo(jetstream, name, { signal });
  const expected = manifest.state;
  const { max_age: maxAge, retention } = StreamConfig.parse(info.config);
  const limits: Limits = { maxAge, withTtl: config.allow_msg_ttl === true ? restored.withTtl : 0n };
  const expired = explainLosses(manifest, info.state, limits);
  if (expired === undefined) {
    throw new Failure(
      "restore-failed",
      `restoring ${name}: the server has ${info.state.messages} messages up to ${info.state.last_seq}, stored are ${expected.messages} up to ${expected.lastSequence}`,
      { hint: "the stream's limits may be smaller than its data; the restored stream was left for you to look at" },
    );
  }
  // consumers that are served again and new messages take others away at any time
  const isBusy = retention !== "limits" || state.last_seq > expected.lastSequence;
  const mayShrink = isBusy || maxAge > 0n || limits.withTtl > 0n;
  if (!mayShrink && state.first_seq > expected.firstSequence && expected.messages > 0n) {
    throw new Failure(
      "restore-failed",
      `restoring ${name}: it begins at ${state.first_seq}, stored is ${expected.firstSequence}`,
    );
  }
  const mayMiss = (sample: Sample) => isBusy || isExpired(sample, limits, timeOf(running).getTime());
  await compareSamples(jetstream, name, { samples: restored.samples, mayMiss }, signal);
  await compareConsumers(jetstream, name, manifest, signal);
  return [
    ...(expired > 0n ? [`${expired} messages were past their age limit and were removed by the server`] : []),
    ...noteLastTime(manifest, state),
  ];
}

/** A store that is encrypted at rest does not take the time from the tombstone that ends a stream (2.12 to 2.15). */
function noteLastTime({ state: stored }: Manifest, state: StreamState): string[] {
  if (state.last_seq !== stored.lastSequence || parseTime(state.last_ts) === parseTime(stored.lastTime)) return [];
  return [
    `the server did not keep the time of the last message, which was deleted: it has ${state.last_ts}, stored is ${stored.lastTime}`,
  ];
}

async function compareSamples(
  jetstream: JetStream,
  name: string,
  { samples, mayMiss }: { readonly samples: readonly Sample[]; mayMiss(sample: Sample): boolean },
  signal: AbortSignal,
): Promise<void> {
  const step = Math.max(1, Math.ceil(samples.length / mostSamples));
  for (let index = 0; index < samples.length; index += step) {
    const sample = samples[index];
    if (sample === undefined) continue;
    const message = await getMessage(jetstream, name, sample.sequence, { signal });
    if (message === undefined ? mayMiss(sample) : isSampled(sample, message)) continue;
    const what = message === undefined ? "is missing" : "is not what was stored";
    throw new Failure("restore-failed", `restoring ${name}: message ${sample.sequence} ${what}`);
  }
}

async function compareConsumers(
  jetstream: JetStream,
  name: string,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<void> {
  const { consumers } = manifest;
  if (consumers.length === 0) return;
  const isSettled = (listed: readonly ConsumerInfo[]) => consumers.every((one) => misplaced(one, listed) === undefined);
  const listed = await listSettledConsumers(jetstream, name, { signal, isSettled });
  for (const consumer of consumers) {
    const problem = misplaced(consumer, listed);
    if (problem !== undefined) throw new Failure("restore-failed", `restoring ${name}: ${problem}`);
  }
}

/** What is wrong with a restored consumer. Servers take no position of those with memory storage; the plan says so. */
function misplaced({ name, config, state }: ManifestConsumer, listed: readonly ConsumerInfo[]): string | undefined {
  const found = listed.find((one) => one.name === name);
  if (found === undefined) return `consumer ${name} is missing`;
  if (config.mem_storage === true || found.ack_floor.stream_seq >= state.ackFloor.stream) return undefined;
  return `consumer ${name} stands at ${found.ack_floor.stream_seq}, stored is ${state.ackFloor.stream}`;
}
