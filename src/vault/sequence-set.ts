/**
 * A set of stream sequences, held as ascending ranges [first, last] without overlap or touch.
 * 16 bytes a range: a KV bucket with a million scattered keys needs 16 MB.
 */
export class SequenceSet {
  #bounds = new BigUint64Array(16);
  #ranges = 0;
  #count = 0n;

  /** From ranges in any form that ascends. Throws RangeError when they do not. */
  static of(ranges: Iterable<readonly [bigint, bigint]>): SequenceSet {
    const set = new SequenceSet();
    for (const [first, last] of ranges) set.addRange(first, last);
    return set;
  }

  /** The sequences first..last without the deleted ones, which ascend. */
  static without(first: bigint, last: bigint, deleted: Iterable<bigint>): SequenceSet {
    const set = new SequenceSet();
    let next = first;
    for (const sequence of deleted) {
      if (sequence < next) continue;
      if (sequence > last) break;
      if (sequence > next) set.addRange(next, sequence - 1n);
      next = sequence + 1n;
    }
    if (next <= last) set.addRange(next, last);
    return set;
  }

  get count(): bigint {
    return this.#count;
  }

  get first(): bigint | undefined {
    return this.#ranges === 0 ? undefined : this.#bounds[0];
  }

  get last(): bigint | undefined {
    return this.#ranges === 0 ? undefined : this.#bounds[2 * this.#ranges - 1];
  }

  /** Adds a sequence above all others. */
  add(sequence: bigint): void {
    this.addRange(sequence, sequence);
  }

  /** Adds a range that begins above all others. Throws RangeError when it does not. */
  addRange(first: bigint, last: bigint): void {
    const end = this.last;
    if (last < first || (end !== undefined && first <= end)) {
      throw new RangeError(`sequences ${first}..${last} do not ascend after ${end}`);
    }
    this.#count += last - first + 1n;
    if (end !== undefined && first === end + 1n) {
      this.#bounds[2 * this.#ranges - 1] = last;
      return;
    }
    if (2 * this.#ranges === this.#bounds.length) {
      const larger = new BigUint64Array(this.#bounds.length * 2);
      larger.set(this.#bounds);
      this.#bounds = larger;
    }
    this.#bounds[2 * this.#ranges] = first;
    this.#bounds[2 * this.#ranges + 1] = last;
    this.#ranges++;
  }

  has(sequence: bigint): boolean {
    let low = 0;
    let high = this.#ranges - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (sequence < this.#bound(2 * middle)) high = middle - 1;
      else if (sequence > this.#bound(2 * middle + 1)) low = middle + 1;
      else return true;
    }
    return false;
  }

  *ranges(): Generator<readonly [bigint, bigint]> {
    for (let index = 0; index < this.#ranges; index++) {
      yield [this.#bound(2 * index), this.#bound(2 * index + 1)];
    }
  }

  /** The sequences that are here and not in `other`. */
  minus(other: SequenceSet): SequenceSet {
    const result = new SequenceSet();
    let at = 0;
    for (const [first, last] of this.ranges()) {
      let next = first;
      while (at < other.#ranges && other.#bound(2 * at + 1) < next) at++;
      for (let index = at; index < other.#ranges && other.#bound(2 * index) <= last; index++) {
        if (other.#bound(2 * index) > next) result.addRange(next, other.#bound(2 * index) - 1n);
        next = other.#bound(2 * index + 1) + 1n;
      }
      if (next <= last) result.addRange(next, last);
    }
    return result;
  }

  /** The sequences that are in both. */
  and(other: SequenceSet): SequenceSet {
    return this.minus(this.minus(other));
  }

  /** The sequences that are in either. */
  or(other: SequenceSet): SequenceSet {
    const result = new SequenceSet();
    const all = [...this.ranges(), ...other.minus(this).ranges()];
    all.sort((a, b) => (a[0] < b[0] ? -1 : 1));
    for (const [first, last] of all) result.addRange(first, last);
    return result;
  }

  #bound(index: number): bigint {
    return this.#bounds[index] ?? 0n;
  }
}

/**
 * Asks ascending sequences whether they are in a set, in constant time each.
 * A question below the last one throws RangeError.
 */
export class AscendingMembership {
  readonly #ranges: Iterator<readonly [bigint, bigint]>;
  #current: readonly [bigint, bigint] | undefined;
  #asked = -1n;

  constructor(set: SequenceSet) {
    this.#ranges = set.ranges();
    this.#advance();
  }

  has(sequence: bigint): boolean {
    if (sequence < this.#asked) throw new RangeError(`sequence ${sequence} asked after ${this.#asked}`);
    this.#asked = sequence;
    while (this.#current !== undefined && this.#current[1] < sequence) this.#advance();
    return this.#current !== undefined && this.#current[0] <= sequence;
  }

  #advance(): void {
    const step = this.#ranges.next();
    this.#current = step.done === true ? undefined : step.value;
  }
}
