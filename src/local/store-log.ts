import type { Change } from "./entry.ts";

export interface LogLimits {
  /** So many changes are kept at least while `bytes` allows. */
  readonly changes: number;
  /** Characters of the objects in them. */
  readonly bytes: number;
}

/** The last changes, oldest first: watches begin in it. */
export class ChangeLog {
  readonly #limits: LogLimits;
  #changes: Change[] = [];
  #bytes = 0;
  /** What happened up to here is no longer told. */
  #compacted: number;
  /** What happened up to here is told, but not what was before it. */
  #blind: number;

  constructor(limits: LogLimits, { compacted, blind }: { readonly compacted: number; readonly blind: number }) {
    this.#limits = limits;
    this.#compacted = compacted;
    this.#blind = blind;
  }

  get compacted(): number {
    return this.#compacted;
  }

  add(change: Change): void {
    this.#changes.push(change);
    this.#bytes += change.after.text.length;
  }

  /** Forgets the oldest where there are many more than wanted. True when there were. */
  compact(): boolean {
    const { changes, bytes } = this.#limits;
    if (this.#changes.length <= changes * 1.25 && this.#bytes <= bytes * 1.25) return false;
    let drop = 0;
    while (this.#changes.length - drop > changes || this.#bytes > bytes) {
      const dropped = this.#changes[drop];
      // the last one stays: it holds the counter
      if (dropped === undefined || drop === this.#changes.length - 1) break;
      this.#bytes -= dropped.after.text.length;
      this.#compacted = dropped.version;
      drop++;
    }
    this.#changes = this.#changes.slice(drop);
    return true;
  }

  /** The changes of a resource after a version; undefined when not all of them are known any more. */
  since(version: number, resource: string): readonly Change[] | undefined {
    if (version < this.#compacted) return undefined;
    return this.#after(version).filter(({ after }) => after.resource === resource);
  }

  /** As `since`, for going back in time. */
  between(version: number, resource: string): readonly Change[] | undefined {
    return version < this.#blind ? undefined : this.since(version, resource);
  }

  #after(version: number): readonly Change[] {
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.version ?? 0) <= version) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low);
  }
}
