import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../kit/failures.ts";
import type { JetStream } from "../nats/jetstream.ts";
import type { ConsumerInfo } from "../nats/stream.ts";
import { listConsumers } from "../nats/streams.ts";

/** How long a cluster may take to elect leaders of consumers: seconds, after a restore or when a server went away. */
const patienceMs = 20_000;
const pauseMs = 250;

/**
 * Every consumer of a stream. In a cluster those whose leader is away are waited for; the last answer that lacks some
 * is a failure. `isSettled`: whether the list is what the caller waits for; the last one counts in any case.
 */
export async function listSettledConsumers(
  jetstream: JetStream,
  stream: string,
  { signal, isSettled = () => true }: { signal: AbortSignal; isSettled?: (listed: readonly ConsumerInfo[]) => boolean },
): Promise<ConsumerInfo[]> {
  const giveUp = performance.now() + patienceMs;
  for (;;) {
    const isLast = performance.now() >= giveUp;
    try {
      const listed = await listConsumers(jetstream, stream, { signal });
      if (isLast || isSettled(listed)) return listed;
    } catch (error) {
      if (isLast || !Failure.is(error, "server-refused") || error.details.missing === undefined) throw error;
    }
    await sleep(pauseMs, undefined, { signal });
  }
}
