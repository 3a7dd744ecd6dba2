import type { JsonObject } from "../kit/json.ts";
import { StreamConfig } from "../nats/stream.ts";
import type { Manifest, ManifestConsumer } from "./manifest.ts";

/** The consumers to restore: a push consumer of a copy would send old messages to whom the living stream serves. */
export function restorable(
  manifest: Manifest,
  config: JsonObject,
  isBeside: boolean,
): { readonly kept: ManifestConsumer[]; readonly notes: string[] } {
  const isPush = (consumer: ManifestConsumer) =>
    typeof consumer.config.deliver_subject === "string" && consumer.config.deliver_subject !== "";
  const [kept, left] = isBeside
    ? [manifest.consumers.filter((one) => !isPush(one)), manifest.consumers.filter(isPush)]
    : [manifest.consumers, []];
  const fitted = kept.map((one) => fitReplicas(one, StreamConfig.parse(config)));
  const notes = left.map(
    ({ name }) => `consumer ${name} was left out of this copy: it would push old messages to its subscribers`,
  );
  return { kept: fitted.map(({ consumer }) => consumer), notes: [...notes, ...fitted.flatMap((one) => one.notes)] };
}

/** A consumer cannot have more replicas than its stream (10126), and must have as many where it decides what is kept. */
function fitReplicas(
  consumer: ManifestConsumer,
  { num_replicas: replicas, retention }: StreamConfig,
): { readonly consumer: ManifestConsumer; readonly notes: string[] } {
  const own = consumer.config.num_replicas;
  if (typeof own !== "bigint" || own === 0n || own === replicas) return { consumer, notes: [] };
  if (own < replicas && retention === "limits") return { consumer, notes: [] };
  return {
    consumer: { ...consumer, config: { ...consumer.config, num_replicas: replicas } },
    notes: [`consumer ${consumer.name} gets ${replicas} replicas, as its stream has, instead of ${own}`],
  };
}

/** What a restore of them means; one sentence each. */
export function noteConsumers(manifest: Manifest): string[] {
  return manifest.consumers.flatMap((consumer) =>
    [...consumer.notes, ...noteMemory(consumer)].map((note) => `consumer ${consumer.name}: ${note}`),
  );
}

/** Servers restore the configuration of a consumer with memory storage, and never read its stored state. */
function noteMemory({ config, state }: ManifestConsumer): string[] {
  if (config.mem_storage !== true || state.delivered.stream === 0n) return [];
  const policy = String(config.deliver_policy ?? "all");
  return [
    `it has memory storage, which servers restore without its place: it begins as its deliver policy ${policy} says`,
  ];
}
