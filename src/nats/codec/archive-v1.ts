import { Failure } from "../../kit/failures.ts";
import type { StoredConsumer } from "../stream.ts";
import {
  type ConsumerFileName,
  consumerFileNames,
  consumerFromFiles,
  damaged,
  damagedUnless,
  incomplete,
  metaSum,
  readText,
  streamNameIn,
} from "./archive-meta.ts";
import { recordKey, verifyRecords } from "./record.ts";
import { type TarEntry, TarReader } from "./tar.ts";

export type V1Event =
  | { readonly kind: "meta"; readonly text: string }
  | { readonly kind: "block"; readonly number: bigint; readonly bytes: Uint8Array }
  | { readonly kind: "consumer"; readonly consumer: StoredConsumer };

/** The entries of an archive. Servers on Windows write consumers' paths with backslashes. */
const blockPath = /^msgs\/(\d{1,19})\.blk$/;
const oldIndexPath = /^msgs\/\d+\.(idx|fss)$/;
const cachePath = /^msgs\/[a-z]+\.db$/;
const consumerPath = /^obs[/\\]([^/\\]+)[/\\](meta\.inf|meta\.sum|o\.dat)$/;

/**
 * The V1 archive inside of a snapshot: a tar of the store's files (server/filestore.go streamSnapshot). Whether there is
 * an index.db proves nothing: servers leave it out when it cannot be written, and Coldstream never writes one. Servers
 * before 2.10 are known by the `.idx` file that they put before every block.
 */
export class V1Archive {
  readonly #stream: string;
  readonly #tar = new TarReader();
  #meta: Uint8Array | undefined;
  #isMetaProven = false;
  #lastBlock: bigint | undefined;
  readonly #consumers = new Map<string, Map<ConsumerFileName, Uint8Array>>();

  constructor(stream: string) {
    this.#stream = stream;
  }

  *push(piece: Uint8Array): Generator<V1Event> {
    for (const entry of this.#tar.push(piece)) {
      const event = this.#take(entry);
      if (event !== undefined) yield event;
    }
  }

  /** Throws Failure("snapshot-incomplete") unless everything that belongs to a whole archive was seen. */
  end(): void {
    this.#tar.end();
    if (!this.#isMetaProven) throw incomplete("its configuration is missing");
    for (const [name, files] of this.#consumers) {
      if (files.size < consumerFileNames.length) throw incomplete(`consumer ${name} lacks a file`);
    }
  }

  #take({ name, bytes }: TarEntry): V1Event | undefined {
    if (name === "errors.txt") throw aborted(bytes);
    if (oldIndexPath.test(name)) {
      throw new Failure("server-too-old", "it is in the format of servers before 2.10");
    }
    if (name === "meta.inf") return this.#takeMeta(bytes);
    if (name === "meta.sum") return this.#takeMetaSum(bytes);
    if (!this.#isMetaProven) throw damaged(`${name} comes before the configuration`);
    const block = blockPath.exec(name)?.[1];
    if (block !== undefined) return this.#takeBlock(BigInt(block), bytes);
    const [, consumer, file] = consumerPath.exec(name) ?? [];
    const kind = consumerFileNames.find((known) => known === file);
    if (consumer !== undefined && kind !== undefined) return this.#takeConsumerFile(consumer, kind, bytes);
    if (!cachePath.test(name)) throw damaged(`unexpected entry ${name}`);
    return undefined;
  }

  #takeMeta(bytes: Uint8Array): undefined {
    if (this.#meta !== undefined) throw damaged("meta.inf comes twice");
    const name = damagedUnless("meta.inf", () => streamNameIn(bytes));
    if (name !== this.#stream) throw damaged(`it is of stream ${name}`);
    this.#meta = bytes;
  }

  #takeMetaSum(bytes: Uint8Array): V1Event {
    const meta = this.#meta;
    if (meta === undefined || this.#isMetaProven) throw damaged("meta.sum comes without meta.inf");
    return damagedUnless("meta.inf", () => {
      if (readText(bytes) !== metaSum(this.#stream, meta)) {
        throw new Failure("damaged", "its checksum does not match its content");
      }
      this.#isMetaProven = true;
      return { kind: "meta", text: readText(meta) };
    });
  }

  #takeBlock(number: bigint, bytes: Uint8Array): V1Event {
    if (this.#lastBlock !== undefined && number <= this.#lastBlock) {
      throw damaged(`block ${number} follows block ${this.#lastBlock}`);
    }
    this.#lastBlock = number;
    damagedUnless(`block ${number}`, () => verifyRecords(bytes, recordKey(this.#stream, number)));
    return { kind: "block", number, bytes };
  }

  #takeConsumerFile(name: string, file: ConsumerFileName, bytes: Uint8Array): V1Event | undefined {
    const files = this.#consumers.get(name) ?? new Map<ConsumerFileName, Uint8Array>();
    if (files.has(file)) throw damaged(`${file} of consumer ${name} comes twice`);
    files.set(file, bytes);
    this.#consumers.set(name, files);
    const [meta, sum, state] = consumerFileNames.map((known) => files.get(known));
    if (meta === undefined || sum === undefined || state === undefined) return undefined;
    const trio = { "meta.inf": meta, "meta.sum": sum, "o.dat": state };
    return { kind: "consumer", consumer: consumerFromFiles(this.#stream, name, trio) };
  }
}

function aborted(bytes: Uint8Array): Failure {
  const reason = new TextDecoder().decode(bytes.subarray(0, 500)).trim();
  return new Failure("snapshot-aborted", `the server gave up: ${reason}`);
}
