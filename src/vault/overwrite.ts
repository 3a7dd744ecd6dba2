import { formatBytes } from "../kit/quantities.ts";
import type { ConsumerInfo } from "../nats/stream.ts";
import { StreamConfig, type StreamInfo } from "../nats/stream.ts";
import type { AccountInfo } from "../nats/streams.ts";
import type { Manifest } from "./manifest.ts";
import { markOf, type Swap } from "./swap-journal.ts";

/** A stream that a restore takes the place of, as it was when the plan was made. */
export interface Replaced {
  readonly messages: bigint;
  readonly bytes: bigint;
  readonly lastSequence: bigint;
  readonly lastTime: string;
  readonly consumers: bigint;
}

/** What an interrupted overwrite left on the server. */
export interface Temporary {
  readonly info: StreamInfo;
  readonly swap: Swap;
}

/** What becomes of the plan for one stream. `finish`: an interrupted overwrite with the same content is brought to its end. */
export type OverwriteDecision =
  | { readonly action: "overwrite" | "finish" }
  | { readonly action: "refuse" | "skip"; readonly reason: string };

/**
 * What to do where an interrupted overwrite left a whole copy, of the content that is wanted (`isSame`) or of another.
 * `undefined`: what is there decides, as without it. Pure.
 */
export function decideTemporary(
  { info, swap }: Temporary,
  current: StreamInfo | undefined,
  wanted: { readonly isSame: boolean; readonly policy: "fail" | "skip" | "overwrite" | "rename" },
): OverwriteDecision | undefined {
  if (swap.step === "copied") return undefined;
  const isOurs = current === undefined || markOf(current.config) === swap.token;
  if (wanted.isSame && (isOurs || wanted.policy === "overwrite")) return { action: "finish" };
  if (wanted.policy === "overwrite") return { action: "overwrite" };
  if (!isOurs) return undefined;
  const reason = `restoring snapshot ${swap.snapshot.slice(0, 8)} over it was interrupted, and its content is in stream ${String(info.config.name)}; finish that first with: coldstream restore --finish`;
  return { action: wanted.policy === "skip" ? "skip" : "refuse", reason };
}

/** What a person should know before a stream is replaced, one sentence each. */
export function overwriteNotes(
  manifest: Manifest,
  current: StreamInfo,
  others: { readonly streams: readonly StreamInfo[]; readonly consumers: readonly ConsumerInfo[] },
): string[] {
  const { state, config } = current;
  const name = String(config.name);
  const stored = new Set(manifest.consumers.map((consumer) => consumer.name));
  const going = others.consumers.map((consumer) => consumer.name).filter((consumer) => !stored.has(consumer));
  return [
    `the stream that is there goes: ${state.messages} messages, up to sequence ${state.last_seq} of ${state.last_ts}`,
    ...(state.last_seq > manifest.state.lastSequence
      ? [`the snapshot ends at sequence ${manifest.state.lastSequence}: what came after it is not brought back`]
      : []),
    ...(going.length > 0 ? [`consumers that are not in the snapshot go: ${going.join(", ")}`] : []),
    ...others.streams.flatMap((other) => noteFollower(other, name)),
  ];
}

/** Streams that copy from this one keep what they have, and go on from the last sequence that they know. */
function noteFollower({ config: raw }: StreamInfo, origin: string): string[] {
  const config = StreamConfig.parse(raw);
  const isOrigin = (from: { readonly [field: string]: unknown }) => from["name"] === origin && from["external"] == null;
  const advice =
    "it keeps what it copied and goes on after the last sequence that it knows: make it again if that differs";
  if (config.mirror != null && isOrigin(config.mirror)) return [`stream ${config.name} mirrors it: ${advice}`];
  if (config.sources?.some(isOrigin) === true) return [`stream ${config.name} copies from it: ${advice}`];
  return [];
}

/** The journal, and what a store takes for itself. */
const overheadBytes = 128n * 1024n;

export interface RoomNeeded {
  readonly replicas: bigint;
  /** Of the new stream. */
  readonly bytes: bigint;
  /** Of the one that it replaces. */
  readonly oldBytes: bigint;
}

/** Why the account has no room for a second copy, or undefined. A server's own limits are not told to clients. Pure. */
export function lackOfRoom(account: AccountInfo, { replicas, bytes, oldBytes }: RoomNeeded): string | undefined {
  const tier = account.tiers?.[`R${replicas}`];
  const { limits } = tier ?? account;
  if (limits === undefined) return undefined;
  const { storage, streams } = tier ?? account;
  if (limits.max_streams > 0n && streams >= limits.max_streams)
    return `the account takes ${limits.max_streams} streams and has ${streams}, so there is no room for a copy beside it`;
  if (limits.max_storage < 0n) return undefined;
  // limits of a tier count a stream once, those of an account every replica
  const copies = tier === undefined ? replicas : 1n;
  const size = copies * (bytes + overheadBytes);
  const peak = storage + (bytes > oldBytes ? size + copies * (bytes - oldBytes) : size);
  if (peak <= limits.max_storage) return undefined;
  return `the account may store ${formatBytes(limits.max_storage)}, and with a copy beside it would need ${formatBytes(peak)}`;
}

/** What a temporary stream must reserve where every stream has to say how large it may grow. */
export function temporaryMaxBytes(account: AccountInfo, replicas: bigint, bytes: bigint): bigint | undefined {
  const { limits } = account.tiers?.[`R${replicas}`] ?? account;
  return limits?.max_bytes_required === true ? bytes + bytes / 8n + overheadBytes : undefined;
}
