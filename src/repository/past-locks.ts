import { Failure } from "../kit/failures.ts";
import { listLocks } from "./locks.ts";
import type { ReadOptions } from "./reading.ts";
import type { Repository } from "./restic.ts";
import type { Restic } from "./runner.ts";
import { unlockRepository } from "./upkeep.ts";

/** Runs a call, and again when a lock was in its way and that has changed. */
export type PastLocks = <T>(work: () => Promise<T>, options: ReadOptions) => Promise<T>;

/** The same repository; its calls that take a lock which others may hold beside them go through `past`. */
export function takeShared(repository: Repository, past: PastLocks): Repository {
  return {
    ...repository,
    backup: (request, o) => past(() => repository.backup(request, o), o),
    rewrite: (id, request, o) => past(() => repository.rewrite(id, request, o), o),
    extract: (id, request, o) => past(() => repository.extract(id, request, o), o),
    readFile: (id, path, o) => past(() => repository.readFile(id, path, o), o),
    dump: (id, path, o) => dumpPast(past, () => repository.dump(id, path, o), o),
  };
}

/** The same for those that take the lock alone. */
export function takeExclusive(repository: Repository, past: PastLocks): Repository {
  return {
    ...repository,
    forget: (ids, o) => past(() => repository.forget(ids, o), o),
    prune: (o) => past(() => repository.prune(o), o),
  };
}

/** restic takes its lock before the first byte: once there is one, no lock can stand in the way. */
async function* dumpPast(
  past: PastLocks,
  dump: () => AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { chunks, first } = await past(async () => {
    const begun = dump()[Symbol.asyncIterator]();
    return { chunks: begun, first: await begun.next() };
  }, options);
  try {
    for (let next = first; next.done !== true; next = await chunks.next()) yield next.value;
  } finally {
    await chunks.return?.();
  }
}

/**
 * Tries once more after it removed what killed runs of ours left. Plain `unlock`, so that restic's rule counts as well; and
 * only where each lock's owner is known to be over, since that rule errs.
 */
export function pastLeftLocks(restic: Restic): PastLocks {
  return async (work, options) => {
    try {
      return await work();
    } catch (error) {
      if (!Failure.is(error, "repository-locked") || !(await isFreed(restic, options))) throw error;
    }
    return await work();
  };
}

/** What hinders it is no news beside the lock itself. An interruption is. */
async function isFreed(restic: Restic, { signal }: ReadOptions): Promise<boolean> {
  try {
    // without a run that could have left one, restic is not asked
    if (!(await restic.runs.hasEnded())) return false;
    if (!(await restic.runs.haveLeft(await listLocks(restic, { signal }), { signal }))) return false;
    await unlockRepository(restic, { signal });
    return true;
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return false;
  }
}
