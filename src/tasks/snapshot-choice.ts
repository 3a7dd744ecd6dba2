import { Failure } from "../kit/failures.ts";
import type { SnapshotEntry } from "../vault/catalog.ts";

export interface LatestWish {
  /** restic's host: the rule's sourceHost, or the alias. undefined: any. */
  readonly host?: string | undefined;
  /** What is restored to; its own backups are meant before those of others. */
  readonly target: string;
  /** Names that must have been asked for; empty: whatever it holds. */
  readonly streams: readonly string[];
}

/**
 * The newest snapshot that was meant by "latest": of the given host, complete (or Stash's), and of the same AppBinding when
 * that has any. Of several other targets none is guessed: the wrong account's data could be restored.
 */
export function chooseLatest(entries: readonly SnapshotEntry[], wish: LatestWish): SnapshotEntry {
  const there = entries.filter(({ host }) => wish.host === undefined || host === wish.host);
  const good = there.filter((entry) => (entry.complete || isForeign(entry)) && covers(entry, wish.streams));
  const own = good.filter(({ target }) => target === wish.target);
  if (own.length > 0) return newest(own);
  const targets = [...new Set(good.map(({ target }) => target))];
  if (targets.length === 1) return newest(good);
  if (targets.length === 0) throw noneFound(there, wish);
  const names = targets.map((target) => (target === "" ? "an unnamed target (made by Stash)" : target));
  throw new Failure("snapshot-not-found", `no snapshot is of ${wish.target}, and the repository holds several others`, {
    hint: `name one in rules[].snapshots, or its host in rules[].sourceHost; there are snapshots of ${names.join(", ")}`,
  });
}

/** Without our tags: Stash's, which say nothing of their target. */
function isForeign({ target, invoker }: SnapshotEntry): boolean {
  return target === "" && invoker === "";
}

function covers({ streams }: SnapshotEntry, wanted: readonly string[]): boolean {
  return streams === undefined || wanted.every((stream) => streams.includes(stream));
}

function newest(entries: readonly SnapshotEntry[]): SnapshotEntry {
  return entries.reduce((latest, each) => (each.time >= latest.time ? each : latest));
}

function noneFound(there: readonly SnapshotEntry[], { host, streams }: LatestWish): Failure {
  const where = host === undefined ? "" : ` of host ${host}`;
  const why =
    there.length === 0
      ? "there is none"
      : there.every(({ complete }) => !complete)
        ? "there are only incomplete ones"
        : `there is none with the streams ${streams.join(", ")}`;
  return new Failure("snapshot-not-found", `looking for the latest snapshot${where}: ${why}`, {
    hint: "name one in rules[].snapshots: see kubectl get snapshots",
  });
}
