import type { KubeObject } from "../../kube/resource.ts";

/**
 * What a controller remembers of its sessions between two looks. Nothing depends on it but speed and good messages: it is
 * empty after a start, and the caches then hold all that was written.
 */
export interface SessionMemory<T extends KubeObject> {
  /** The session as it was written last, until the cache has it: a look at an older one would repeat what is done. */
  newest(cached: T): T;
  wrote(written: T): void;
  /** Its Job is being made; the status does not say so yet. */
  claim(session: T): void;
  release(session: T): void;
  isClaimed(session: T): boolean;
  /** What its pod foretold (executor-state.ts). */
  omenOf(session: T): string | undefined;
  keepOmen(session: T, omen: string | undefined): void;
  /** Since when the API server refuses what would be made for it. */
  troubleSince(session: T, now: Date): Date;
  forget(uid: string): void;
}

export function openMemory<T extends KubeObject>(): SessionMemory<T> {
  const written = new Map<string, T>();
  const claimed = new Set<string>();
  const omens = new Map<string, string>();
  const troubles = new Map<string, Date>();
  const uidOf = ({ metadata }: T) => metadata.uid ?? "";
  return {
    newest(cached) {
      const own = written.get(uidOf(cached));
      if (own === undefined || !isNewer(own, cached)) {
        written.delete(uidOf(cached));
        return cached;
      }
      return own;
    },
    wrote: (session) => void written.set(uidOf(session), session),
    claim: (session) => void claimed.add(uidOf(session)),
    release: (session) => void claimed.delete(uidOf(session)),
    isClaimed: (session) => claimed.has(uidOf(session)),
    omenOf: (session) => omens.get(uidOf(session)),
    keepOmen(session, omen) {
      if (omen !== undefined) omens.set(uidOf(session), omen);
    },
    troubleSince(session, now) {
      const since = troubles.get(uidOf(session)) ?? now;
      troubles.set(uidOf(session), since);
      return since;
    },
    forget(uid) {
      for (const each of [written, omens, troubles]) each.delete(uid);
      claimed.delete(uid);
    },
  };
}

/** Versions of one object ascend; a server that does not write them as numbers is taken at its word. */
function isNewer(one: KubeObject, other: KubeObject): boolean {
  const [a, b] = [one, other].map(({ metadata }) => metadata.resourceVersion ?? "");
  return /^\d+$/.test(a ?? "") && /^\d+$/.test(b ?? "") && BigInt(a ?? 0) > BigInt(b ?? 0);
}
