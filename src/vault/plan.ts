import type { JsonObject } from "../kit/json.ts";
import { parseTime } from "../kit/time.ts";
import { StreamConfig, type StreamInfo } from "../nats/stream.ts";
import type { OpenedSnapshot, SnapshotEntry } from "./catalog.ts";
import type { Manifest, ManifestConsumer } from "./manifest.ts";

export type ConflictPolicy = "fail" | "skip" | "overwrite" | "rename";

export interface RestoreWishes {
  readonly onConflict: ConflictPolicy;
  /** Stream in the snapshot -> name on the server. */
  readonly renames: ReadonlyMap<string, string>;
  readonly replicas?: number;
  /** Restore memory streams as file streams. */
  readonly storage?: "file";
  /** Lift maximum age, so that old data is not removed at once. */
  readonly liftLimits: boolean;
}

export interface PlannedStream {
  readonly stream: string;
  /** The name it gets on the server. */
  readonly as: string;
  readonly action: "restore" | "skip" | "refuse";
  /** Whether a stream of that name is in the way; false for other refusals. */
  readonly isConflict: boolean;
  /** For skip and refuse: one sentence. */
  readonly reason: string | undefined;
  readonly messages: bigint;
  readonly bytes: number;
  readonly consumers: number;
  readonly notes: readonly string[];
}

/** What the plan was made from, so that the restore need not read it again; no part of what a plan prints. */
export const openedSnapshot = Symbol("opened snapshot");

export interface RestorePlan {
  readonly [openedSnapshot]: OpenedSnapshot;
  readonly snapshot: SnapshotEntry;
  readonly server: string;
  readonly serverVersion: string;
  readonly streams: readonly PlannedStream[];
}

/** What a restore looks at on the server before it decides. */
export interface ServerView {
  readonly streams: readonly StreamInfo[];
  readonly now: Date;
}

/** A planned stream with what is sent: the configuration, and the manifest with the consumers that come along. */
export interface DecidedStream extends PlannedStream {
  readonly config: JsonObject;
  readonly manifest: Manifest;
}

/** What to do with one stream, and with which configuration. Pure. */
export function decideStream(manifest: Manifest, view: ServerView, wishes: RestoreWishes): DecidedStream {
  const { stream } = manifest;
  const renamed = wishes.renames.get(stream);
  const named = new Map(
    view.streams.map((info) => [StreamConfig.parse(info.config).name, StreamConfig.parse(info.config)]),
  );
  const exists = named.has(renamed ?? stream);
  const as = exists && wishes.onConflict === "rename" ? freeName(renamed ?? stream, named) : (renamed ?? stream);
  const { config, notes } = changeConfig(manifest, as, { named, wishes });
  const consumers = restorable(manifest, config, as !== stream && named.has(stream));
  const planned = {
    stream,
    as,
    messages: manifest.state.messages,
    bytes: Number(manifest.state.bytes),
    consumers: consumers.kept.length,
    config,
    manifest: { ...manifest, consumers: consumers.kept },
    notes: [...notes, ...consumers.notes, ...noteConsumers(manifest)],
  };
  const isConflict = exists && as === (renamed ?? stream);
  if (isConflict) {
    const action = wishes.onConflict === "skip" ? "skip" : "refuse";
    return { ...planned, action, isConflict, reason: `stream ${as} exists on the server` };
  }
  const reason = refusal(manifest, planned.config, { named, as, view });
  return { ...planned, action: reason === undefined ? "restore" : "refuse", isConflict, reason };
}

/** Why the server would refuse this stream or lose its data, or undefined. */
function refusal(
  manifest: Manifest,
  config: JsonObject,
  {
    named,
    as,
    view,
  }: { readonly named: ReadonlyMap<string, StreamConfig>; readonly as: string; readonly view: ServerView },
): string | undefined {
  const wanted = StreamConfig.parse(config);
  if (wanted.storage === "memory")
    return `stream ${as} has memory storage, which no archive restores; add --storage file`;
  const other = overlapping(wanted.subjects ?? [], named, as);
  if (other !== undefined) return `its subjects overlap those of stream ${other}`;
  const newest = manifest.state.lastTime;
  const isExpired = wanted.max_age > 0n && parseTime(newest) + wanted.max_age < BigInt(view.now.getTime()) * 1_000_000n;
  if (isExpired && manifest.state.messages > 0n) {
    return "every message is older than the stream's max_age and would be removed at once; add --lift-limits to keep them";
  }
  return undefined;
}

function changeConfig(
  manifest: Manifest,
  as: string,
  { named, wishes }: { readonly named: ReadonlyMap<string, StreamConfig>; readonly wishes: RestoreWishes },
): { readonly config: JsonObject; readonly notes: string[] } {
  const notes: string[] = [];
  const config: JsonObject = { ...manifest.config, name: as };
  const old = StreamConfig.parse(manifest.config);
  if (as !== manifest.stream) {
    const other = overlapping(old.subjects ?? [], named, as);
    if (other !== undefined) {
      config.subjects = [as];
      notes.push(`it listens to ${as} only: its subjects belong to stream ${other}`);
    }
    if (named.has(manifest.stream)) notes.push(...quieten(config));
  }
  if (wishes.replicas !== undefined) config.num_replicas = BigInt(wishes.replicas);
  if (old.storage === "memory" && wishes.storage === "file") {
    config.storage = "file";
    notes.push("it had memory storage and becomes a file stream", ...makeRoom(config, manifest.state.bytes));
  }
  if (wishes.liftLimits && old.max_age > 0n) {
    config.max_age = 0n;
    delete config.subject_delete_marker_ttl;
    notes.push("its max_age was lifted; set it again when the data is safe");
  } else if (old.max_age > 0n && manifest.state.messages > 0n) {
    notes.push("messages older than its max_age are removed by the server at once");
  }
  if (manifest.consistency === "fuzzy")
    notes.push(`${manifest.kept} keys hold an older revision: they changed too fast during the backup`);
  return { config, notes };
}

/** A message takes more in a file: a stream that was full in memory would lose its oldest ones. */
function makeRoom(config: JsonObject, bytes: bigint): string[] {
  const limit = config.max_bytes;
  if (typeof limit !== "bigint" || limit <= 0n || limit >= bytes) return [];
  config.max_bytes = bytes;
  return [`its max_bytes was raised from ${limit} to ${bytes}: messages take more room in a file`];
}

/** What a copy beside the living stream must not do: send its messages out again, or copy new ones from elsewhere. */
const activeFields = ["republish", "sources", "mirror", "allow_msg_schedules"] as const;

function quieten(config: JsonObject): string[] {
  const taken = activeFields.filter((field) => config[field] != null && config[field] !== false);
  for (const field of taken) delete config[field];
  return taken.map((field) => `${field} was left out of this copy: the stream itself does that`);
}

/** The consumers to restore: a push consumer of a copy would send old messages to whom the living stream serves. */
function restorable(
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

function noteConsumers(manifest: Manifest): string[] {
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

function freeName(name: string, named: ReadonlyMap<string, unknown>): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? `${name}-restored` : `${name}-restored-${number}`;
    if (!named.has(candidate)) return candidate;
  }
}

function overlapping(
  subjects: readonly string[],
  named: ReadonlyMap<string, StreamConfig>,
  except: string,
): string | undefined {
  for (const [name, config] of named) {
    if (name === except) continue;
    if ((config.subjects ?? []).some((theirs) => subjects.some((ours) => subjectsOverlap(ours, theirs)))) return name;
  }
  return undefined;
}

/** Whether two subjects, with wildcards or not, have a literal subject in common (server/sublist.go SubjectsCollide). */
export function subjectsOverlap(a: string, b: string): boolean {
  const [left, right] = [a.split("."), b.split(".")];
  for (let index = 0; ; index++) {
    const [one, other] = [left[index], right[index]];
    if (one === undefined || other === undefined) return one === other;
    if (one === ">" || other === ">") return true;
    if (one !== other && one !== "*" && other !== "*") return false;
  }
}
