import type { JsonObject } from "../kit/json.ts";
import { parseTime } from "../kit/time.ts";
import { type ConsumerInfo, StreamConfig, type StreamInfo } from "../nats/stream.ts";
import type { AccountInfo } from "../nats/streams.ts";
import type { OpenedSnapshot, SnapshotEntry } from "./catalog.ts";
import type { Manifest } from "./manifest.ts";
import { decideTemporary, lackOfRoom, overwriteNotes, type Replaced, type Temporary } from "./overwrite.ts";
import { noteConsumers, restorable } from "./plan-consumers.ts";
import { withoutMark } from "./swap-journal.ts";

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
  /** Overwrite by deleting first, where there is no room for both: a failure then leaves no stream. */
  readonly inPlace?: boolean;
}

export interface PlannedStream {
  readonly stream: string;
  /** The name it gets on the server. */
  readonly as: string;
  /** `overwrite`: takes the place of one that exists. `finish`: brings an interrupted overwrite to its end. */
  readonly action: "restore" | "overwrite" | "finish" | "skip" | "refuse";
  /** Whether a stream of that name is in the way; false for other refusals. */
  readonly isConflict: boolean;
  /** For skip and refuse: one sentence. */
  readonly reason: string | undefined;
  readonly messages: bigint;
  readonly bytes: number;
  readonly consumers: number;
  /** What goes when this takes its place. */
  readonly replaces?: Replaced;
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
  /** Those of users; what interrupted overwrites left is in `temporary`, by the stream that they replace. */
  readonly streams: readonly StreamInfo[];
  readonly now: Date;
  readonly temporary?: ReadonlyMap<string, Temporary>;
  readonly account?: AccountInfo;
  /** Of the streams that may be replaced. */
  readonly consumers?: ReadonlyMap<string, readonly ConsumerInfo[]>;
  /** Full id of the snapshot that is restored. */
  readonly snapshot?: string;
}

/** A planned stream with what is sent: the configuration, and the manifest with the consumers that come along. */
export interface DecidedStream extends PlannedStream {
  readonly config: JsonObject;
  readonly manifest: Manifest;
  /** An overwrite that was interrupted before it replaced anything left its copy. */
  readonly hasLeftover?: boolean;
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
    hasLeftover: view.temporary?.has(as) === true,
    notes: [...notes, ...consumers.notes, ...noteConsumers(manifest)],
  };
  const isConflict = exists && as === (renamed ?? stream);
  const action = actionOf(manifest, as, { view, wishes, isConflict });
  if (action === "refuse" || action === "skip")
    return { ...planned, action, isConflict: true, reason: `stream ${as} exists on the server` };
  if (typeof action !== "string") return { ...planned, isConflict: false, ...action };
  const reason = refusal(manifest, planned.config, { named, as, view });
  const decided = {
    ...planned,
    action: reason === undefined ? action : ("refuse" as const),
    isConflict: false,
    reason,
  };
  return action === "overwrite" ? addOverwrite(decided, view, wishes) : decided;
}

/** What is to be done, or why not; as far as the name decides it. */
function actionOf(
  manifest: Manifest,
  as: string,
  given: { readonly view: ServerView; readonly wishes: RestoreWishes; readonly isConflict: boolean },
): PlannedStream["action"] | { readonly action: "refuse" | "skip"; readonly reason: string } {
  const { view, wishes, isConflict } = given;
  const policy = wishes.onConflict;
  const temporary = view.temporary?.get(as);
  if (temporary !== undefined) {
    const { snapshot, source } = temporary.swap;
    const isSame = snapshot === view.snapshot && source === manifest.stream;
    const decided = decideTemporary(temporary, currentOf(view, as), { isSame, policy });
    if (decided !== undefined) return "reason" in decided ? decided : decided.action;
  }
  if (!isConflict) return "restore";
  if (policy === "overwrite") return "overwrite";
  return policy === "skip" ? "skip" : "refuse";
}

function currentOf({ streams }: ServerView, name: string): StreamInfo | undefined {
  return streams.find(({ config }) => config.name === name);
}

/** What goes with the stream that is there, and whether there is room for both. */
function addOverwrite(decided: DecidedStream, view: ServerView, { inPlace = false }: RestoreWishes): DecidedStream {
  const { as, manifest, config } = decided;
  const current = currentOf(view, as);
  if (current === undefined) return decided;
  const { messages, bytes, last_seq: lastSequence, last_ts: lastTime, consumer_count: consumers } = current.state;
  const { num_replicas: replicas } = StreamConfig.parse(config);
  const needed = { replicas, bytes: manifest.state.bytes, oldBytes: bytes };
  const lack = inPlace || view.account === undefined ? undefined : lackOfRoom(view.account, needed);
  const others = { streams: view.streams, consumers: view.consumers?.get(as) ?? [] };
  const risk = "it is deleted before the new one is there: if that fails, only the repository has it";
  return {
    ...decided,
    replaces: { messages, bytes, lastSequence, lastTime, consumers },
    notes: [...overwriteNotes(manifest, current, others), ...(inPlace ? [risk] : []), ...decided.notes],
    ...(decided.reason === undefined && lack !== undefined
      ? { action: "refuse", reason: `${lack}; make room, or add --in-place: that deletes the old one first` }
      : {}),
  };
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
  const config: JsonObject = { ...withoutMark(manifest.config), name: as };
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
  notes.push(...noteFuzzy(manifest));
  return { config, notes };
}

function noteFuzzy({ consistency, kept }: Manifest): string[] {
  if (consistency === "exact") return [];
  if (kept === 0n) return ["it changed while it was saved: what was saved is no state of one moment"];
  return [`${kept} keys hold an older revision: they changed too fast during the backup`];
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
