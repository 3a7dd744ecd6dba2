import type { Log } from "../kit/log.ts";
import type { Cluster, Waiting } from "../kube/cluster.ts";
import { type ConfigMap, configMaps, type Namespace, type ServiceAccount, serviceAccounts } from "../kube/core.ts";
import { KubeFailure } from "../kube/failure.ts";
import { openQueue, type Queue } from "../kube/queue.ts";
import { isGoing } from "./job/job.ts";
import type { Shared } from "./shared.ts";

export interface AccountsOptions {
  readonly namespaces: Shared<Namespace>;
  readonly serviceAccounts: Shared<ServiceAccount>;
  readonly configMaps: Shared<ConfigMap>;
  /** PEM of the API server's authority, for pods; without it none is published. */
  readonly authority: string | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const account = "default";
export const authorityMap = "kube-root-ca.crt";
const description =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

/** Gives every namespace what pods need in it: the ServiceAccount `default`, and the API server's authority. */
export function openAccounts(cluster: Cluster, options: AccountsOptions): Queue {
  const { namespaces, log, signal } = options;
  const ready = Promise.all([namespaces.ready, options.serviceAccounts.ready, options.configMaps.ready]);
  ready.catch(() => undefined);
  const queue = openQueue({
    concurrency: 4,
    signal,
    backOff: { firstMs: 200, mostMs: 30_000 },
    onFailure: (namespace, error, { failures }) => log.warn({ namespace, error, failures }, "furnishing a namespace"),
    async work(name, waiting) {
      await ready;
      const namespace = namespaces.get({ name });
      if (namespace === undefined || isGoing(namespace)) return;
      await makeAccount(cluster, name, { ...options, ...waiting });
      await publish(cluster, name, { ...options, ...waiting });
    },
  });
  namespaces.listen(({ key, after }) => after !== undefined && queue.add(key.name));
  options.serviceAccounts.listen(({ key, after }) => {
    if (after === undefined && key.name === account) queue.add(key.namespace ?? "");
  });
  options.configMaps.listen(({ key }) => {
    if (key.name === authorityMap) queue.add(key.namespace ?? "");
  });
  return queue;
}

type Furnishing = AccountsOptions & Waiting;

async function makeAccount(cluster: Cluster, namespace: string, { serviceAccounts: known, signal }: Furnishing) {
  const metadata = { name: account, namespace };
  if (known.get(metadata) !== undefined) return;
  await unlessThere(() => cluster.create(serviceAccounts, { metadata }, { signal }));
}

async function publish(cluster: Cluster, namespace: string, { configMaps: known, authority, signal }: Furnishing) {
  if (authority === undefined) return;
  const key = { name: authorityMap, namespace };
  const there = known.get(key);
  const data = { "ca.crt": authority };
  if (there === undefined) {
    const metadata = { ...key, annotations: { "kubernetes.io/description": description } };
    await unlessThere(() => cluster.create(configMaps, { metadata, data }, { signal }));
  } else if (there.data?.["ca.crt"] !== authority) await cluster.patch(configMaps, key, { signal, merge: { data } });
}

/** It may be there already, or the namespace be going. */
async function unlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (KubeFailure.isReason(error, "AlreadyExists", "NotFound")) return;
    if (KubeFailure.isReason(error, "Forbidden") && error.message.includes("being terminated")) return;
    throw error;
  }
}
