import { type Entry, keyOf } from "./entry.ts";

/** Lists sorted by key. Whoever wants a part of one looks at that part, and at a few entries on the way there. */

/** Where the first entry lies that has this key or one after it. */
export function positionOf(entries: readonly Entry[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.key ?? key) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the first entry lies whose key comes after this one. */
export function positionAfter(entries: readonly Entry[], key: string): number {
  return positionOf(entries, `${key}\0`);
}

export interface Stretch {
  readonly start: number;
  /** The first that is no part of it. */
  readonly end: number;
}

/** Where the entries of a namespace lie; all without one. */
export function stretchOf(entries: readonly Entry[], namespace: string | undefined): Stretch {
  if (namespace === undefined) return { start: 0, end: entries.length };
  // the sign after the slash
  return { start: positionOf(entries, keyOf(namespace, "")), end: positionOf(entries, `${namespace}0`) };
}

/** The list with other entries at these keys, or none: what lies between them is copied and not looked at. */
export function overlaid(entries: readonly Entry[], changed: ReadonlyMap<string, Entry | undefined>): readonly Entry[] {
  if (changed.size === 0) return entries;
  const result: Entry[] = [];
  let copied = 0;
  for (const key of [...changed.keys()].sort()) {
    const position = positionOf(entries, key);
    for (const entry of entries.slice(copied, position)) result.push(entry);
    copied = entries[position]?.key === key ? position + 1 : position;
    const entry = changed.get(key);
    if (entry !== undefined) result.push(entry);
  }
  return [...result, ...entries.slice(copied)];
}
