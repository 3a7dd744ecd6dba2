import { z } from "zod";
import { Failure } from "../../kit/failures.ts";
import { type JsonObject, type JsonValue, parseJson } from "../../kit/json.ts";
import type { ConsumerState, StoredConsumer } from "../stream.ts";
import { decodeConsumerState } from "./consumer-state.ts";
import { namedHash } from "./highway-hash.ts";

/** The files of one consumer in a V1 archive, below `obs/<name>/`. */
export const consumerFileNames = ["meta.inf", "meta.sum", "o.dat"] as const;
export type ConsumerFileName = (typeof consumerFileNames)[number];

const Json = z.custom<JsonObject>((value) => typeof value === "object" && value !== null && !Array.isArray(value));
const Pair = z.object({ consumer_seq: z.bigint(), stream_seq: z.bigint() });
const Sequence = z.string().regex(/^\d+$/);

/** A consumer's entry in a V2 archive (server/stream_backup.go SnapshotConsumerState). */
const ConsumerEntry = z.object({
  config: Json,
  state: z.object({
    delivered: Pair,
    ack_floor: Pair,
    pending: z.record(Sequence, z.object({ Sequence: z.bigint(), Timestamp: z.bigint() })).nullish(),
    redelivered: z.record(Sequence, z.bigint()).nullish(),
  }),
});

/** What the server puts before a consumer's configuration in `obs/<name>/meta.inf` (server/filestore.go FileConsumerInfo). */
const ConsumerMeta = z.looseObject({ Created: z.string(), Name: z.string() });
const StreamMeta = z.looseObject({ name: z.string() });

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function damaged(what: string): Failure {
  return new Failure("damaged", what);
}

export function incomplete(what: string): Failure {
  return new Failure("snapshot-incomplete", what);
}

/** Runs `read`; whatever it throws becomes Failure("damaged") about `what`. */
export function damagedUnless<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Failure("damaged", what, { cause });
  }
}

export function readText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function readJson(bytes: Uint8Array): JsonValue {
  return parseJson(readText(bytes));
}

/** The content of `meta.sum`: the hash, keyed by `name`, of the `meta.inf` beside it, as 16 hex digits of its bytes. */
export function metaSum(name: string, meta: Uint8Array): string {
  const sum = Buffer.alloc(8);
  const hash = namedHash(name);
  hash.update(meta);
  hash.write(sum, 0);
  return sum.toString("hex");
}

/** The name in a stream's `meta.inf`. Throws SyntaxError or ZodError. */
export function streamNameIn(meta: Uint8Array): string {
  return StreamMeta.parse(readJson(meta)).name;
}

/** A consumer from its three files in a V1 archive. Throws Failure("damaged"). */
export function consumerFromFiles(
  stream: string,
  name: string,
  files: Readonly<Record<ConsumerFileName, Uint8Array>>,
): StoredConsumer {
  return damagedUnless(`consumer ${name}`, () => {
    if (readText(files["meta.sum"]) !== metaSum(`${stream}/${name}`, files["meta.inf"])) {
      throw damaged("meta.inf does not match its checksum");
    }
    const json = Json.parse(readJson(files["meta.inf"]));
    const { Created: created, Name: writtenName } = ConsumerMeta.parse(json);
    // a server that restored an ephemeral consumer writes it without its name (measured on 2.10 to 2.14)
    if (writtenName !== "" && writtenName !== name) throw damaged(`meta.inf is of consumer ${writtenName}`);
    const { Created: _created, Name: _name, ...config } = json;
    return { name, config, created, state: decodeConsumerState(files["o.dat"]) };
  });
}

/** A consumer from its entry in a V2 archive. Throws Failure("damaged"). */
export function consumerFromEntry(name: string, bytes: Uint8Array): StoredConsumer {
  return damagedUnless(`consumer ${name}`, () => {
    const { config, state } = ConsumerEntry.parse(readJson(bytes));
    const pending = new Map<bigint, { readonly consumer: bigint; readonly timestamp: bigint }>();
    for (const [sequence, { Sequence: consumer, Timestamp: timestamp }] of Object.entries(state.pending ?? {})) {
      pending.set(BigInt(sequence), { consumer, timestamp });
    }
    const redelivered = new Map<bigint, bigint>();
    for (const [sequence, count] of Object.entries(state.redelivered ?? {})) redelivered.set(BigInt(sequence), count);
    const floor = (pair: z.infer<typeof Pair>) => ({ consumer: pair.consumer_seq, stream: pair.stream_seq });
    const decoded: ConsumerState = {
      delivered: floor(state.delivered),
      ackFloor: floor(state.ack_floor),
      pending,
      redelivered,
    };
    return { name, config, created: undefined, state: decoded };
  });
}
