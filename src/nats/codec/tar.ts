import { Failure } from "../../kit/failures.ts";
import { Gather } from "./gather.ts";
import {
  readLongName,
  readPax,
  readTarHeader,
  type TarExtension,
  type TarHeader,
  tarBlockBytes,
  writePax,
  writeTarHeader,
} from "./tar-header.ts";

/** The largest entry that is read into memory. Servers write blocks of 8 MB, or one record of at most 32 MiB. */
const maxEntryBytes = 128 * 1024 * 1024;

export interface TarEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads a tar pushed in chunks cut anywhere, and yields whole files. Folders are passed over; anything else that is not
 * a regular file is refused. Holds one entry at most.
 */
export class TarReader {
  #header = new Gather(tarBlockBytes);
  #body: { readonly header: TarHeader; readonly gather: Gather; padding: number } | undefined;
  #extension: TarExtension = {};
  #zeroBlocks = 0;

  /** Yields each file once it is whole, in memory of its own. Must be run to its end. Throws Failure("damaged"). */
  *push(bytes: Uint8Array): Generator<TarEntry> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#zeroBlocks >= 2) {
        refuseTrailing(bytes, at);
        return;
      }
      if (this.#body === undefined) {
        at += this.#header.take(bytes, at);
        if (this.#header.full) this.#openEntry();
      } else {
        at += this.#body.gather.take(bytes, at);
        if (this.#body.gather.full) at += this.#skipPadding(bytes.length - at);
      }
      const entry = this.#closeEntry();
      if (entry !== undefined) yield entry;
    }
  }

  /** Throws Failure("snapshot-incomplete") unless the two zero blocks that end a tar were seen. */
  end(): void {
    if (this.#zeroBlocks < 2) throw new Failure("snapshot-incomplete", "tar: its end is missing");
  }

  #openEntry(): void {
    const block = this.#header.bytes;
    this.#header = new Gather(tarBlockBytes);
    if (block.every((byte) => byte === 0)) {
      this.#zeroBlocks++;
      return;
    }
    if (this.#zeroBlocks > 0) throw new Failure("damaged", "tar: content follows its end");
    const plain = readTarHeader(block);
    const header = plain.type === "x" || plain.type === "L" ? plain : { ...plain, ...this.#extension };
    if (!["0", "5", "x", "L"].includes(header.type)) {
      throw new Failure("damaged", `tar: ${header.name} is no regular file (type ${JSON.stringify(header.type)})`);
    }
    if (!Number.isSafeInteger(header.size) || header.size > maxEntryBytes) {
      throw new Failure(
        "damaged",
        `tar: ${header.name} claims ${header.size} bytes, at most ${maxEntryBytes} are read`,
      );
    }
    const rest = header.size % tarBlockBytes;
    this.#body = { header, gather: new Gather(header.size), padding: rest === 0 ? 0 : tarBlockBytes - rest };
  }

  #skipPadding(available: number): number {
    if (this.#body === undefined) return 0;
    const skipped = Math.min(available, this.#body.padding);
    this.#body.padding -= skipped;
    return skipped;
  }

  /** The file that has just become whole, if it is one. Extensions are kept for the entry that follows. */
  #closeEntry(): TarEntry | undefined {
    if (this.#body === undefined || !this.#body.gather.full || this.#body.padding > 0) return undefined;
    const { header, gather } = this.#body;
    this.#body = undefined;
    if (header.type === "x" || header.type === "L") {
      const extension = header.type === "x" ? readPax(gather.bytes) : readLongName(gather.bytes);
      this.#extension = { ...this.#extension, ...extension };
      return undefined;
    }
    this.#extension = {};
    return header.type === "0" ? { name: header.name, bytes: gather.bytes } : undefined;
  }
}

function refuseTrailing(bytes: Uint8Array, start: number): void {
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] !== 0) throw new Failure("damaged", "tar: content follows its end");
  }
}

function padded(bytes: Uint8Array): Uint8Array[] {
  const rest = bytes.length % tarBlockBytes;
  return rest === 0 ? [bytes] : [bytes, new Uint8Array(tarBlockBytes - rest)];
}

/** One file as tar: header (with PAX records for a name that ustar cannot hold), content, padding. */
export function tarEntry(name: string, bytes: Uint8Array, mtimeSeconds = 0): Uint8Array[] {
  const isPlain = name.length <= 100 && /^[\x21-\x7e]+$/.test(name);
  if (isPlain) return [writeTarHeader({ name, type: "0", size: bytes.length }, mtimeSeconds), ...padded(bytes)];
  const pax = writePax("path", name);
  const short = name.replaceAll(/[^\x21-\x7e]/g, "_").slice(0, 100);
  return [
    writeTarHeader({ name: "PaxHeaders.0/name", type: "x", size: pax.length }, mtimeSeconds),
    ...padded(pax),
    writeTarHeader({ name: short, type: "0", size: bytes.length }, mtimeSeconds),
    ...padded(bytes),
  ];
}

/** The two zero blocks that end a tar. */
export const tarEnd: Uint8Array = new Uint8Array(2 * tarBlockBytes);
