import { onAbort } from "./abort.ts";
import type { JetStream } from "./jetstream.ts";

/** The last one in the queue of each server, by its id. */
const last = new Map<string, Promise<void>>();

/**
 * Waits until nobody else in this process restores or deletes a stream on the same server; released by whoever gets it.
 * A nats-server that is not clustered (2.10 to 2.15) ends for all its clients, with "concurrent map iteration and map
 * write", when a stream comes or goes while it looks at its streams for a restore: it does so without their lock
 * (server/stream.go, `RestoreStream`; ADR 0110). A cluster holds the lock, and needs no turns.
 * Rejects with the abort.
 */
export async function takeTurn({ connection, prefix }: JetStream, signal?: AbortSignal): Promise<Disposable> {
  const { serverId, isClustered } = connection;
  // behind a domain or an import may be another server than the one we are connected to
  if (isClustered && prefix === "$JS.API") return { [Symbol.dispose]: () => {} };
  const before = last.get(serverId);
  const over = Promise.withResolvers<void>();
  const mine = Promise.all([before, over.promise]).then(() => {
    if (last.get(serverId) === mine) last.delete(serverId);
  });
  last.set(serverId, mine);
  const aborted = Promise.withResolvers<never>();
  using _abort = onAbort(signal, aborted.reject);
  try {
    await Promise.race([before, aborted.promise]);
  } catch (error) {
    over.resolve();
    throw error;
  }
  return { [Symbol.dispose]: () => over.resolve() };
}
