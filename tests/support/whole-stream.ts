import type { JsonObject } from "../../src/kit/json.ts";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { readStreamSnapshot } from "../../src/nats/snapshot.ts";
import type { ConsumerState, StoredConsumer } from "../../src/nats/stream.ts";
import { listConsumers, streamInfo } from "../../src/nats/streams.ts";
import { fingerprint } from "../../src/vault/live-stream.ts";
import { running } from "./place.ts";

/** All that a restore must bring back of a stream, in a form that two servers can be compared by. */
export interface WholeStream {
  readonly digest: string;
  readonly messages: bigint;
  readonly firstSequence: bigint;
  readonly lastSequence: bigint;
  readonly lastTime: string;
  readonly created: string;
  readonly config: JsonObject;
  readonly consumers: Record<
    string,
    { readonly created: string; readonly config: JsonObject; readonly state: unknown }
  >;
}

/** Reads it from a server at rest. Consumers' states come from a snapshot, exact, pending times to the second. */
export async function readWhole(jetstream: JetStream, stream: string): Promise<WholeStream> {
  const found = await fingerprint(jetstream, stream, running);
  const info = await streamInfo(jetstream, stream, {});
  const archived = new Map<string, StoredConsumer>();
  await readStreamSnapshot(
    jetstream,
    stream,
    (event) => {
      if (event.kind === "consumer") archived.set(event.consumer.name, event.consumer);
    },
    {},
  );
  const consumers: Record<string, WholeStream["consumers"][string]> = {};
  for (const listed of await listConsumers(jetstream, stream, {})) {
    const state = archived.get(listed.name)?.state;
    consumers[listed.name] = {
      created: listed.created,
      config: withoutServerMetadata(listed.config),
      state: state === undefined ? undefined : comparable(state),
    };
  }
  const { digest, messages, firstSequence, lastSequence } = found;
  const config = withoutServerMetadata(info.config);
  return {
    digest,
    messages,
    firstSequence,
    lastSequence,
    lastTime: info.state.last_ts,
    created: info.created,
    config,
    consumers,
  };
}

/** `_nats.*` metadata tell which server wrote the configuration. */
function withoutServerMetadata(config: JsonObject): JsonObject {
  const { metadata, ...rest } = config;
  const own = Object.entries((metadata ?? {}) as JsonObject).filter(([key]) => !key.startsWith("_nats."));
  return own.length === 0 ? rest : { ...rest, metadata: Object.fromEntries(own) };
}

function comparable(state: ConsumerState): unknown {
  const pending = [...state.pending].map(([stream, { consumer, timestamp }]) => [
    stream,
    consumer,
    timestamp / 1_000_000_000n,
  ]);
  const ascending = (a: readonly unknown[], b: readonly unknown[]) => Number((a[0] as bigint) - (b[0] as bigint));
  return {
    delivered: state.delivered,
    ackFloor: state.ackFloor,
    pending: pending.sort(ascending),
    redelivered: [...state.redelivered].sort(ascending),
  };
}
