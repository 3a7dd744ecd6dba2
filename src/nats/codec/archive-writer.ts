import { openStoredFrame, s2StreamIdentifier } from "./s2.ts";
import { tarEnd, tarEntry } from "./tar.ts";

/** Content of a frame. Larger ones cost memory, smaller ones time. */
const frameBytes = 1024 * 1024;

/** Writes a V1 archive: a tar of `entry`s in uncompressed S2 frames. Everything yielded is whole frames. */
export class ArchiveWriter {
  #frame = openStoredFrame(frameBytes);
  #filled = 0;
  #isStarted = false;

  /** Adds a file. What does not fill a frame is yielded later. Must be run to its end. */
  *entry(name: string, bytes: Uint8Array): Generator<Uint8Array> {
    for (const part of tarEntry(name, bytes)) yield* this.#write(part);
  }

  /** Ends the archive. */
  *end(): Generator<Uint8Array> {
    yield* this.#write(tarEnd);
    if (this.#filled === 0) return;
    const last = openStoredFrame(this.#filled);
    last.body.set(this.#frame.body.subarray(0, this.#filled));
    yield last.seal();
  }

  *#write(bytes: Uint8Array): Generator<Uint8Array> {
    if (!this.#isStarted) yield s2StreamIdentifier;
    this.#isStarted = true;
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + frameBytes - this.#filled);
      this.#frame.body.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < frameBytes) return;
      yield this.#frame.seal();
      this.#frame = openStoredFrame(frameBytes);
      this.#filled = 0;
    }
  }
}
