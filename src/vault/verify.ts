import { Failure } from "../kit/failures.ts";
import type { JsonObject } from "../kit/json.ts";
import { parseTime } from "../kit/time.ts";
import type { JetStream } from "../nats/jetstream.ts";
import { getMessage } from "../nats/messages.ts";
import { type ConsumerInfo, StreamConfig, type StreamInfo, type StreamState } from "../nats/stream.ts";
import { listConsumers, streamInfo } from "../nats/streams.ts";
import { type Sample, sampleOf } from "./archive-source.ts";
import { listSettledConsumers } from "./consumer-list.ts";
import type { Manifest, ManifestConsumer } from "./manifest.ts";
import type { Running } from "./progress.ts";

export interface Restored {
  readonly manifest: Manifest;
  readonly config: JsonObject;
  /** The server's final answer. */
  readonly info: StreamInfo;
  readonly samples: readonly Sample[];
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
export async function verifyRestored(jetstream: JetStream, restored: Restored, { signal }: Running): Promise<string[]> {
  const { manifest, info } = restored;
  const name = String(restored.config.name);
  const { state } = await streamInfo(jetstream, name, { signal });
  const expected = manifest.state;
  const limits = StreamConfig.parse(info.config);
  const mayExpireByTime = limits.max_age > 0n || restored.config.allow_msg_ttl === true;
  // publishers may have found the stream already: each new message may have taken the place of an old one
  const added = info.state.last_seq - expected.lastSequence;
  const mayExpire = mayExpireByTime || limits.retention !== "limits" || state.last_seq > expected.lastSequence;
  const gone = expected.messages + added - info.state.messages;
  const isWhole = added >= 0n && gone <= added;
  const isTrimmed = mayExpireByTime && added >= 0n;
  if (!isWhole && !isTrimmed) {
    throw new Failure(
      "restore-failed",
      `restoring ${name}: the server has ${info.state.messages} messages up to ${info.state.last_seq}, stored are ${expected.messages} up to ${expected.lastSequence}`,
      { hint: "the stream's limits may be smaller than its data; the restored stream was left for you to look at" },
    );
  }
  if (!mayExpire && state.first_seq > expected.firstSequence && expected.messages > 0n) {
    throw new Failure(
      "restore-failed",
      `restoring ${name}: it begins at ${state.first_seq}, stored is ${expected.firstSequence}`,
    );
  }
  await compareSamples(jetstream, name, { ...restored, mayExpire }, signal);
  await compareConsumers(jetstream, name, manifest, signal);
  return [
    ...(isTrimmed && gone > 0n ? [`${gone} messages were past their age limit and were removed by the server`] : []),
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
  { samples, mayExpire }: { readonly samples: readonly Sample[]; readonly mayExpire: boolean },
  signal: AbortSignal,
): Promise<void> {
  const step = Math.max(1, Math.ceil(samples.length / mostSamples));
  for (let index = 0; index < samples.length; index += step) {
    const sample = samples[index];
    if (sample === undefined) continue;
    const message = await getMessage(jetstream, name, sample.sequence, { signal });
    if (message === undefined && mayExpire) continue;
    if (message !== undefined && sampleOf(message).sha256 === sample.sha256) continue;
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
