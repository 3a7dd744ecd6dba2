import { Failure } from "../kit/failures.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * What tells published snapshots, drafts and proofs apart, and which of them belong together (design 4.3). Frozen with docs/format.md: tags
 * lie in users' repositories.
 */

/** restic's host of an upload that is not proven yet. Nobody reads it as a backup. */
export const draftHost = "draft.coldstream";
/** restic's host of the evidence that `coldstream prove` leaves. */
export const proofHost = "proof.coldstream";
/** A draft that the next upload of the same session builds upon. */
export const checkpointTag = "checkpoint";
export const proofTag = "proof";

export interface SnapshotTags {
  /** What was backed up: the AppBinding, or the account. */
  readonly target?: string;
  /** What asked for it: kind, namespace and name, or the command line. */
  readonly invoker?: string;
  /** False when a stream or consumer was carried forward or left out because it failed. */
  readonly complete: boolean;
  /** The streams that were asked for; absent: all of the account. */
  readonly streams?: readonly string[] | undefined;
  readonly isCheckpoint: boolean;
}

type Tagged = Pick<Snapshot, "tags">;
type Placed = Pick<Snapshot, "host" | "tags">;

/** The tags of a snapshot. No streams and an empty list of streams both mean all. */
export function snapshotTags(of: {
  readonly target: string;
  readonly invoker: string;
  readonly complete: boolean;
  readonly streams?: readonly string[] | undefined;
}): string[] {
  return [
    makeTag("target", of.target),
    makeTag("invoker", of.invoker),
    ...(of.streams ?? []).map((stream) => makeTag("stream", stream)),
    of.complete ? "complete" : "incomplete",
  ];
}

/** What the tags of a snapshot say. Tags of other programs are passed over. */
export function readTags(tags: readonly string[]): SnapshotTags {
  const target = tagValue(tags, "target");
  const invoker = tagValue(tags, "invoker");
  const streams = tagValues(tags, "stream");
  return {
    ...(target === undefined ? {} : { target }),
    ...(invoker === undefined ? {} : { invoker }),
    complete: tags.includes("complete") && !tags.includes("incomplete"),
    ...(streams.length === 0 ? {} : { streams }),
    isCheckpoint: tags.includes(checkpointTag),
  };
}

/** `name=value` such that restic takes it for one tag: it splits tags at commas and trims what is left. */
export function makeTag(name: string, value: string): string {
  return `${name}=${encodeTagValue(value)}`;
}

/** Percent-encodes what restic, a shell or a terminal would not pass on as it is; `/ : @ =` and `+` stay readable. */
export function encodeTagValue(value: string): string {
  if (!value.isWellFormed()) throw new Failure("usage", "a name with half a surrogate pair cannot be a tag");
  return encodeURIComponent(value)
    .replaceAll(/%(?:2F|3A|40|3D|2B)/g, decodeURIComponent)
    .replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The inverse. A tag that was not written by us may be no valid encoding: then it stands for itself. */
export function decodeTagValue(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function isDraft({ host }: Pick<Snapshot, "host">): boolean {
  return host === draftHost;
}

export function isProof({ host }: Pick<Snapshot, "host">): boolean {
  return host === proofHost;
}

/** A backup that may be counted, listed, restored and pruned: neither draft nor proof. Stash's snapshots are published too. */
export function isPublished({ host }: Pick<Snapshot, "host">): boolean {
  return host !== draftHost && host !== proofHost;
}

/** Both folders that Stash dumps streams into end so. */
const stashFolder = "/stash-interim-volume/data";

/** The folder in the snapshot that holds a dump by Stash; undefined for snapshots of others. Stash gives no tags. */
export function stashRoot({ tags, paths }: Pick<Snapshot, "tags" | "paths">): string | undefined {
  const [path] = paths;
  return tags.length === 0 && paths.length === 1 && path?.endsWith(stashFolder) === true ? path : undefined;
}

export function isCheckpoint({ host, tags }: Placed): boolean {
  return host === draftHost && tags.includes(checkpointTag);
}

export function isComplete({ tags }: Tagged): boolean {
  return readTags(tags).complete;
}

/** What retention, the snapshot count, `latest` and proofs of one invoker look at. */
export interface Scope {
  readonly host: string;
  readonly target: string;
  readonly invoker: string;
  /** The path of Stash's snapshots of the same target: untagged ones of this host and path belong to the scope. */
  readonly stashPath?: string | undefined;
}

export type Standing = "complete" | "incomplete";

/** The published snapshots of a scope that are complete (those of Stash are taken to be), or the incomplete ones. */
export function scopeOf<S extends Pick<Snapshot, "host" | "tags" | "paths">>(
  snapshots: readonly S[],
  scope: Scope,
  standing: Standing = "complete",
): S[] {
  return snapshots.filter((snapshot) => isPublished(snapshot) && standingIn(snapshot, scope) === standing);
}

function standingIn(
  { host, tags, paths }: Pick<Snapshot, "host" | "tags" | "paths">,
  scope: Scope,
): Standing | undefined {
  if (host !== scope.host) return undefined;
  if (tags.length === 0) {
    return scope.stashPath !== undefined && paths.length === 1 && paths[0] === scope.stashPath ? "complete" : undefined;
  }
  const { target, invoker, complete } = readTags(tags);
  if (target !== scope.target || invoker !== scope.invoker) return undefined;
  if (complete) return "complete";
  return tags.includes("incomplete") ? "incomplete" : undefined;
}

function tagValues(tags: readonly string[], name: string): string[] {
  const start = `${name}=`;
  return tags.filter((tag) => tag.startsWith(start)).map((tag) => decodeTagValue(tag.slice(start.length)));
}

function tagValue(tags: readonly string[], name: string): string | undefined {
  return tagValues(tags, name)[0];
}
