import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { type JsonObject, parseJson, writeJson } from "../kit/json.ts";
import type { StoredMessage } from "../nats/message.ts";
import { folderName } from "./folder.ts";
import { Manifest } from "./manifest.ts";

/**
 * What an overwrite leaves on the server while it runs, so that any later run can finish it. The new content lies whole
 * in a temporary stream: its metadata tell what it is and how far the overwrite came; what is needed besides the messages
 * follows them in it, above the last sequence.
 */

const temporaryPrefix = "coldstream-swap-";
const swapKey = "coldstream.swap";
const markKey = "coldstream.swapped";
const journalSubject = "coldstream.swap";

/** Less than any server's max_payload that is worth the name. */
const pieceBytes = 48 * 1024;

const Swap = z.object({
  format: z.literal(1n),
  /** The stream to be replaced. */
  stream: z.string(),
  /** Full id of the snapshot that the new content is from, and the stream's name in it. */
  snapshot: z.string(),
  source: z.string(),
  /** Tells this overwrite from others of the same stream. */
  token: z.string(),
  /** `copied`: nothing was changed yet. `replacing`: this copy was proven whole; the old stream may be gone or damaged. */
  step: z.enum(["copied", "replacing"]),
  /** For `replacing`: when the old stream was created; absent when there was none. */
  replaces: z.string().optional(),
  /** The stream's last sequence; what lies above is the journal. */
  last: z.bigint(),
});
export type Swap = z.infer<typeof Swap>;

const RawObject = z.custom<JsonObject>((value) => typeof value === "object" && value !== null && !Array.isArray(value));

/** What a run needs to put the new stream in place without the repository. */
const SwapDocument = z.object({
  /** As it shall be created. */
  config: RawObject,
  /** Without segments. */
  manifest: Manifest,
});
export type SwapDocument = z.infer<typeof SwapDocument>;

/** The same for every run: two overwrites of one stream at a time meet. */
export function temporaryName(stream: string): string {
  return `${temporaryPrefix}${folderName(stream)}`;
}

/** The name of a stream that never exists. */
export function nobodysName(temporary: string): string {
  return `${temporary}-none`;
}

/** Whether a stream of this name may be a temporary one; only its metadata tell. */
export function mayBeTemporary(name: string): boolean {
  return name.startsWith(temporaryPrefix);
}

/** What the metadata of a temporary stream say; undefined for streams of users. */
export function readSwap(config: JsonObject): Swap | undefined {
  const text = metadataOf(config)[swapKey];
  if (typeof text !== "string") return undefined;
  const parsed = Swap.safeParse(parseOr(text));
  if (parsed.success) return parsed.data;
  throw new Failure(
    "plan-refused",
    `reading the metadata of stream ${String(config.name)}: ${swapKey} is not understood`,
    {
      hint: "a newer coldstream made it: use that one to finish",
    },
  );
}

export function withSwap(config: JsonObject, swap: Swap): JsonObject {
  return { ...config, metadata: { ...metadataOf(config), [swapKey]: writeJson(swap) } };
}

/** Marks a stream as put in place by the overwrite with this token. */
export function withMark(config: JsonObject, token: string): JsonObject {
  return { ...config, metadata: { ...metadataOf(config), [markKey]: token } };
}

export function markOf(config: JsonObject): string | undefined {
  const mark = metadataOf(config)[markKey];
  return typeof mark === "string" ? mark : undefined;
}

export function withoutMark(config: JsonObject): JsonObject {
  const { [markKey]: mark, ...rest } = metadataOf(config);
  if (mark === undefined) return config;
  return { ...config, metadata: rest };
}

/**
 * The configuration of a temporary stream. Nobody can write to it and nothing leaves it: it mirrors a stream that does
 * not exist, which is the one kind of stream that has no subjects at all, beside whatever subjects others have.
 */
export function temporaryConfig(
  target: JsonObject,
  swap: Swap,
  { maxBytes }: { readonly maxBytes?: bigint } = {},
): JsonObject {
  const name = temporaryName(swap.stream);
  const kept = ["num_replicas", "placement", "compression"].filter((field) => target[field] !== undefined);
  const config: JsonObject = {
    name,
    description: `the new content of ${swap.stream}, until it is in place`,
    storage: "file",
    retention: "limits",
    mirror: { name: nobodysName(name) },
    ...(maxBytes === undefined ? {} : { max_bytes: maxBytes }),
  };
  for (const field of kept) config[field] = target[field] ?? null;
  return withSwap(config, swap);
}

/** The document as messages above the stream's last one. */
export function journalMessages(document: SwapDocument, after: bigint, timestamp: bigint): StoredMessage[] {
  const text = Buffer.from(writeJson(document));
  return Array.from({ length: Math.ceil(text.length / pieceBytes) }, (_, index) => ({
    sequence: after + BigInt(index) + 1n,
    timestamp,
    subject: Buffer.from(journalSubject),
    header: new Uint8Array(0),
    payload: text.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  }));
}

/** Throws `damaged`. */
export function readJournal(pieces: readonly Uint8Array[], name: string): SwapDocument {
  const parsed = SwapDocument.safeParse(parseOr(Buffer.concat(pieces).toString("utf8")));
  if (parsed.success) return parsed.data;
  throw new Failure("damaged", `reading the journal in stream ${name}: it is not understood`, { cause: parsed.error });
}

function metadataOf({ metadata }: JsonObject): JsonObject {
  const parsed = RawObject.safeParse(metadata);
  return parsed.success ? parsed.data : {};
}

function parseOr(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
