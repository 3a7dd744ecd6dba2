import { Failure } from "../../kit/failures.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { Gather } from "./gather.ts";
import { decodeBlock } from "./s2-block.ts";
import { VarintReader } from "./varint.ts";

/** Frame types of the Snappy framing format as S2 uses it. A frame: type, length (3 bytes, little endian), body. */
const compressed = 0x00;
const stored = 0x01;
const padding = 0xfe;
const identifier = 0xff;

const frameHeaderBytes = 4;
const checksumBytes = 4;
/** What S2 allows in one frame, uncompressed. Servers write at most 1 MiB. */
const maxDecodedBytes = 4 * 1024 * 1024;
/** The longest encoding Snappy permits for that, with room for its length and checksum. */
const maxFrameBytes = maxDecodedBytes + Math.ceil(maxDecodedBytes / 6) + 64;
const maxStoredBytes = 1024 * 1024;

/** The first frame of every S2 stream. */
export const s2StreamIdentifier: Uint8Array = Uint8Array.of(identifier, 6, 0, 0, ...Buffer.from("S2sTwO"));

/** A frame every reader skips: it keeps a connection busy while there is nothing to send yet. 8 bytes. */
export const paddingFrame: Uint8Array = Uint8Array.of(padding, 4, 0, 0, 0, 0, 0, 0);

/** A frame to hold `size` bytes (at most 1 MiB) uncompressed: fill `body`, then `seal`. */
export function openStoredFrame(size: number): { readonly body: Uint8Array; seal(): Uint8Array } {
  const bytes = Buffer.alloc(frameHeaderBytes + checksumBytes + size);
  const body = bytes.subarray(frameHeaderBytes + checksumBytes);
  const seal = () => {
    bytes[0] = stored;
    bytes.writeUIntLE(checksumBytes + size, 1, 3);
    bytes.writeUInt32LE(maskedCrc32c(body), frameHeaderBytes);
    return bytes;
  };
  return { body, seal };
}

/** `bytes` as uncompressed frames of at most 1 MiB, to follow `s2StreamIdentifier`. Nothing for no bytes. */
export function* storedFrames(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += maxStoredBytes) {
    const part = bytes.subarray(at, at + maxStoredBytes);
    const frame = openStoredFrame(part.length);
    frame.body.set(part);
    yield frame.seal();
  }
}

/**
 * Decodes an S2 stream pushed in chunks cut anywhere. Holds one frame at most. Stricter than the format: of skippable
 * frames only padding that is all zero passes, or one bad byte in a frame's type would silently drop its content.
 */
export class S2Decoder {
  #header = new Gather(frameHeaderBytes);
  #body: Gather | undefined;
  #identified = false;

  /**
   * Yields decoded pieces, one a frame, in memory of their own (`chunk` may be reused). Must be run to its end.
   * Throws Failure("damaged").
   */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#body === undefined) {
        at += this.#header.take(chunk, at);
        if (!this.#header.full) return;
        this.#body = new Gather(this.#bodyBytes(this.#header.bytes));
      }
      at += this.#body.take(chunk, at);
      if (!this.#body.full) return;
      const piece = this.#decode(this.#header.bytes[0] ?? 0, this.#body.bytes);
      this.#header = new Gather(frameHeaderBytes);
      this.#body = undefined;
      if (piece.length > 0) yield piece;
    }
  }

  /** Throws Failure("snapshot-incomplete") unless the input ended on a frame boundary. */
  end(): void {
    if (!this.#identified || this.#header.filled > 0) {
      throw new Failure("snapshot-incomplete", "the compressed stream ends in the middle");
    }
  }

  #bodyBytes(header: Uint8Array): number {
    const [type = 0, low = 0, middle = 0, high = 0] = header;
    const length = low | (middle << 8) | (high << 16);
    if (type !== identifier && !this.#identified) throw new Failure("damaged", "no S2 stream: it has no identifier");
    if (type !== compressed && type !== stored && type !== padding && type !== identifier) {
      throw new Failure("damaged", `frame of unknown type 0x${type.toString(16).padStart(2, "0")}`);
    }
    if (length > maxFrameBytes)
      throw new Failure("damaged", `frame of ${length} bytes, at most ${maxFrameBytes} can be`);
    return length;
  }

  #decode(type: number, body: Uint8Array): Uint8Array {
    switch (type) {
      case compressed:
        return decompress(body);
      case stored:
        return checked(body.subarray(checksumBytes), body);
      case padding:
        if (body.some((byte) => byte !== 0)) throw new Failure("damaged", "padding that is not zero");
        return new Uint8Array(0);
      default:
        if (Buffer.compare(body, s2StreamIdentifier.subarray(frameHeaderBytes)) !== 0) {
          throw new Failure("damaged", "no S2 stream: its identifier is another one");
        }
        this.#identified = true;
        return new Uint8Array(0);
    }
  }
}

function decompress(body: Uint8Array): Uint8Array {
  const reader = new VarintReader(body, checksumBytes);
  const piece = new Uint8Array(reader.length(maxDecodedBytes));
  decodeBlock(body.subarray(reader.at), piece);
  return checked(piece, body);
}

/** `piece`, if the checksum at the front of `body` is its. */
function checked(piece: Uint8Array, body: Uint8Array): Uint8Array {
  if (body.length < checksumBytes || piece.length > maxDecodedBytes)
    throw new Failure("damaged", "frame of an impossible length");
  const expected = new DataView(body.buffer, body.byteOffset, checksumBytes).getUint32(0, true);
  if (maskedCrc32c(piece) !== expected) throw new Failure("damaged", "a frame's checksum does not match its content");
  return piece;
}
