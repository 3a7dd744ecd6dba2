import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../kit/log.ts";
import type { Store } from "./store-writes.ts";

export interface Watching {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** A second unless given. */
  readonly everyMs?: number;
}

/** Says once that the store cannot be written, tries it until it can, and says that. Until the signal is aborted; never rejects. */
export async function keepWritable(
  store: Pick<Store, "trouble" | "probe">,
  { log, signal, everyMs = 1000 }: Watching,
): Promise<void> {
  let said = false;
  while (!signal.aborted) {
    const { trouble } = store;
    if (trouble !== undefined && !said) log.error({ error: trouble, hint: trouble.hint }, "store cannot be written");
    if (trouble !== undefined) store.probe();
    said = store.trouble !== undefined;
    if (trouble !== undefined && !said) log.info({}, "store can be written again");
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
