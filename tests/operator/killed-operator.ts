import { randomUUID } from "node:crypto";
import { silentLog } from "../../src/kit/log.ts";
import type { Cluster } from "../../src/kube/cluster.ts";
import type { Resource } from "../../src/kube/resource.ts";
import { openRegistry } from "../../src/metrics/registry.ts";
import type { ControllerMaker } from "../../src/operator/leadership.ts";
import { runOperator } from "../../src/operator/operator.ts";
import { type Desk, image } from "./desk.ts";

export interface Life {
  readonly controllers: readonly ControllerMaker[];
  /** So many writes are made; with the last of them, whose answer it does not get, the operator dies. */
  readonly writes: number;
  /** Ends it without that. */
  readonly signal: AbortSignal;
}

/** Runs an operator until it dies of its last write. Events do not count: they change nothing. */
export async function liveAndDie({ cluster }: Desk, { controllers, writes, signal }: Life): Promise<void> {
  const death = new AbortController();
  let left = writes;
  async function count<V>(resource: Pick<Resource<never>, "kind">, work: () => Promise<V>): Promise<V> {
    if (death.signal.aborted) throw new Error("dead");
    const result = await work();
    if (resource.kind === "Event" || result === false || result === undefined) return result;
    left--;
    if (left === 0) death.abort();
    if (left <= 0) throw new Error("dead");
    return result;
  }
  const mortal: Cluster = {
    ...cluster,
    create: async (resource, draft, waiting) => await count(resource, () => cluster.create(resource, draft, waiting)),
    replace: async (resource, object, waiting) =>
      await count(resource, () => cluster.replace(resource, object, waiting)),
    replaceStatus: async (resource, object, waiting) =>
      await count(resource, () => cluster.replaceStatus(resource, object, waiting)),
    patch: async (resource, key, options) => await count(resource, () => cluster.patch(resource, key, options)),
    remove: async (resource, key, options) => await count(resource, () => cluster.remove(resource, key, options)),
  };
  await runOperator(
    mortal,
    { image, pullSecrets: [], namespace: "coldstream" },
    {
      signal: AbortSignal.any([signal, death.signal]),
      log: silentLog,
      identity: randomUUID(),
      lease: undefined,
      metrics: openRegistry(),
      controllers,
    },
  );
}
