import { createHash } from "node:crypto";
import { Failure } from "../kit/failures.ts";
import type { ArchiveEvent } from "../nats/codec/archive.ts";
import { BlockBuilder, blockLimitBytes, recordKey } from "../nats/codec/record.ts";
import type { JetStream } from "../nats/jetstream.ts";
import { readStreamSnapshot } from "../nats/snapshot.ts";
import type { StoredConsumer } from "../nats/stream.ts";
import { Handover } from "./handover.ts";
import type { Manifest } from "./manifest.ts";
import type { StoredFile } from "./stored-file.ts";

/** A message block of a stream, on its way from where it is stored to a server. They come in ascending order. */
export interface StreamBlock {
  /** The stream whose name, with the number, its records are sealed for. */
  readonly stream: string;
  readonly number: bigint;
  readonly bytes: Uint8Array;
}

/** Makes blocks of what an archive holds, whichever of the two formats it has. */
export class BlockMaker {
  readonly #stream: string;
  readonly #builder = new BlockBuilder();
  #number = 0n;
  /** Known once the archive was read to its end. */
  readonly consumers = new Map<string, StoredConsumer>();

  constructor(stream: string) {
    this.#stream = stream;
  }

  take(event: ArchiveEvent): StreamBlock | undefined {
    switch (event.kind) {
      case "block":
        return { stream: this.#stream, number: event.number, bytes: event.bytes };
      case "message":
        this.#builder.add(event.message);
        return this.#builder.size >= blockLimitBytes ? this.#seal() : undefined;
      case "consumer":
        this.consumers.set(event.consumer.name, event.consumer);
        return undefined;
      default:
        return undefined;
    }
  }

  end(): StreamBlock | undefined {
    return this.#builder.messages === 0 ? undefined : this.#seal();
  }

  #seal(): StreamBlock {
    this.#number++;
    const bytes = this.#builder.seal(recordKey(this.#stream, this.#number));
    return { stream: this.#stream, number: this.#number, bytes };
  }
}

/** The blocks of a stream that lives on a server, from its snapshot; proven whole when they end. */
export async function* serverBlocks(
  jetstream: JetStream,
  stream: string,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<StreamBlock> {
  const stop = new AbortController();
  const blocks = new Handover<StreamBlock>();
  const maker = new BlockMaker(stream);
  const read = async () => {
    const options = { signal: AbortSignal.any([signal, stop.signal]), noConsumers: true };
    await readStreamSnapshot(
      jetstream,
      stream,
      (event) => {
        const block = maker.take(event);
        return block === undefined ? undefined : blocks.put(block);
      },
      options,
    );
    const last = maker.end();
    if (last !== undefined) await blocks.put(last);
  };
  const reading = read().then(
    () => blocks.end(),
    (error: unknown) => blocks.fail(error),
  );
  try {
    yield* blocks.taken();
  } finally {
    stop.abort();
    blocks.close();
    await reading;
  }
}

/**
 * The segments among a stored stream's files, which must come in the order of their paths. Each must be the one that the
 * manifest names next, byte for byte; throws `damaged` else, and when one is missing at the end.
 */
export async function* segmentBlocks(
  { stream, segments }: Manifest,
  files: AsyncIterable<StoredFile>,
): AsyncGenerator<StreamBlock> {
  const damaged = (what: string) => new Failure("damaged", `reading stream ${stream} from the repository: ${what}`);
  let next = 0;
  for await (const { path, bytes } of files) {
    if (!path.startsWith("segments/")) continue;
    const expected = segments[next];
    if (path !== expected?.file)
      throw damaged(`${path} comes where ${expected?.file ?? "no more segment"} was expected`);
    if (createHash("sha256").update(bytes).digest("hex") !== expected.sha256)
      throw damaged(`${path} is not what was stored (its SHA-256 differs)`);
    next++;
    yield { stream, number: expected.number, bytes };
  }
  const missing = segments[next];
  if (missing !== undefined) throw damaged(`${missing.file} is missing`);
}
