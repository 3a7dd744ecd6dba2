import type { ConsumerInfo, ConsumerState, StoredConsumer } from "../nats/stream.ts";
import { folderName } from "./folder.ts";
import { type ManifestConsumer, stateToManifest } from "./manifest.ts";

/** What Go writes for a time that is not set. */
export const unsetTime = "0001-01-01T00:00:00Z";

/** The consumers of an archive of which nothing but the archive is known. Clamped as in `decideConsumers`. */
export function archivedConsumers(
  archived: ReadonlyMap<string, StoredConsumer>,
  lastSequence: bigint,
): ManifestConsumer[] {
  return [...archived.values()].map((found) => {
    const consumer = { ...found, created: found.created ?? unsetTime };
    return toManifest({ consumer, exact: "exact", notes: [] }, lastSequence);
  });
}

interface Saved {
  readonly consumer: StoredConsumer;
  readonly exact: ManifestConsumer["exact"];
  readonly notes: readonly string[];
}

/**
 * The consumers to store: those that CONSUMER.LIST names, with the state of the archive where it has them, else with
 * what the list says, rolled back to the acknowledgement floor. `lastSequence`: the last one stored of the stream; a
 * consumer ahead of its stream would skip new messages after a restore, so its state is clamped to it.
 */
export function decideConsumers(
  archived: ReadonlyMap<string, StoredConsumer>,
  listed: readonly ConsumerInfo[],
  { lastSequence, isClustered }: { readonly lastSequence: bigint; readonly isClustered: boolean },
): ManifestConsumer[] {
  return listed.map((info) => toManifest(save(archived.get(info.name), info, { isClustered }), lastSequence));
}

/**
 * The archived consumers whose state may be used: those that were there before the snapshot and are still the same after
 * it. A name that was deleted and made again in between is another consumer: with the state of the first one it would
 * skip messages. The same goes for one that was set back.
 */
export function keepLasting(
  archived: ReadonlyMap<string, StoredConsumer>,
  before: readonly ConsumerInfo[],
  after: readonly ConsumerInfo[],
): Map<string, StoredConsumer> {
  const createdBefore = new Map(before.map(({ name, created }) => [name, created]));
  const kept = new Map<string, StoredConsumer>();
  for (const { name, created, delivered } of after) {
    const consumer = archived.get(name);
    if (consumer === undefined || createdBefore.get(name) !== created) continue;
    if (delivered.consumer_seq >= consumer.state.delivered.consumer) kept.set(name, consumer);
  }
  return kept;
}

function save(archived: StoredConsumer | undefined, info: ConsumerInfo, at: { readonly isClustered: boolean }): Saved {
  if (archived === undefined) return rolledBack(info);
  // a server that restored the consumer writes the time of that into its archives; the list has the true one
  const consumer = { ...archived, created: info.created };
  // a clustered 2.15 server has no pending state at hand and gives the floor instead (server/stream_backup.go)
  const isFloorOnly =
    at.isClustered &&
    archived.state.pending.size === 0 &&
    info.num_ack_pending > 0n &&
    info.delivered.stream_seq > archived.state.delivered.stream &&
    archived.state.delivered.stream === archived.state.ackFloor.stream;
  if (!isFloorOnly) return { consumer, exact: "exact", notes: [] };
  return { consumer, exact: "rolled-back", notes: [redeliveryNote(info)] };
}

function rolledBack(info: ConsumerInfo): Saved {
  const floor = { consumer: info.ack_floor.consumer_seq, stream: info.ack_floor.stream_seq };
  const isAckNone = info.config.ack_policy === "none";
  const delivered = { consumer: info.delivered.consumer_seq, stream: info.delivered.stream_seq };
  const state: ConsumerState = {
    delivered: isAckNone ? delivered : floor,
    ackFloor: isAckNone ? delivered : floor,
    pending: new Map(),
    redelivered: new Map(),
  };
  const consumer = { name: info.name, config: info.config, created: info.created, state };
  return { consumer, exact: "rolled-back", notes: info.num_ack_pending > 0n ? [redeliveryNote(info)] : [] };
}

function redeliveryNote(info: ConsumerInfo): string {
  return `delivered was set back to the acknowledgement floor: ${info.num_ack_pending} messages in flight may be delivered again`;
}

function toManifest(saved: Saved, lastSequence: bigint): ManifestConsumer {
  const { consumer, exact } = saved;
  const state = clampState(consumer.state, lastSequence);
  const isClamped = state !== consumer.state;
  return {
    name: consumer.name,
    folder: folderName(consumer.name),
    created: consumer.created ?? "",
    config: consumer.config,
    exact,
    notes: isClamped
      ? [...saved.notes, `it was ahead of the captured messages and was set to the last of them, ${lastSequence}`]
      : [...saved.notes],
    state: stateToManifest(state),
  };
}

/** The same state when it is not ahead of `lastSequence`; else one that has seen nothing above it. */
export function clampState(state: ConsumerState, lastSequence: bigint): ConsumerState {
  const isAhead =
    state.delivered.stream > lastSequence ||
    state.ackFloor.stream > lastSequence ||
    [...state.pending.keys(), ...state.redelivered.keys()].some((sequence) => sequence > lastSequence);
  if (!isAhead) return state;
  const floor = { consumer: state.ackFloor.consumer, stream: lower(state.ackFloor.stream, lastSequence) };
  return {
    delivered: { consumer: state.delivered.consumer, stream: lower(state.delivered.stream, lastSequence) },
    ackFloor: floor,
    pending: new Map([...state.pending].filter(([sequence]) => sequence <= lastSequence)),
    redelivered: new Map([...state.redelivered].filter(([sequence]) => sequence <= lastSequence)),
  };
}

function lower(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
