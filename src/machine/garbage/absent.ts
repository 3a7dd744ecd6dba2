import { type Key, keyText } from "../../kube/resource.ts";

/** An owner as a reference names it. */
export interface Owner {
  /** Group and kind. */
  readonly id: string;
  readonly key: Key;
  readonly uid: string;
}

/**
 * Owners that will never be seen again, for a uid is given to one object. Spares a request for each thing that a gone
 * owner had. The uid alone would not do: one that is looked for in a wrong place may live in another.
 */
export interface Absent {
  add(owner: Owner): void;
  has(owner: Owner): boolean;
}

const most = 10_000;

export function openAbsent(): Absent {
  const owners = new Set<string>();
  const textOf = ({ id, key, uid }: Owner) => `${id} ${keyText(key)} ${uid}`;
  return {
    has: (owner) => owners.has(textOf(owner)),
    add(owner) {
      owners.add(textOf(owner));
      const [oldest] = owners;
      if (owners.size > most && oldest !== undefined) owners.delete(oldest);
    },
  };
}
