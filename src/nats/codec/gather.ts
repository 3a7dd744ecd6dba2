/** Puts a known number of bytes together from pieces of any size. */
export class Gather {
  readonly bytes: Uint8Array;
  #filled = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  get full(): boolean {
    return this.#filled === this.bytes.length;
  }

  get filled(): number {
    return this.#filled;
  }

  /** Takes what fits of piece[at..]; returns how many bytes that was. */
  take(piece: Uint8Array, at: number): number {
    const count = Math.min(piece.length - at, this.bytes.length - this.#filled);
    this.bytes.set(at === 0 && count === piece.length ? piece : piece.subarray(at, at + count), this.#filled);
    this.#filled += count;
    return count;
  }
}
