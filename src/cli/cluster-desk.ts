import { Failure } from "../kit/failures.ts";
import { openCluster } from "../kube/client.ts";
import type { Cluster } from "../kube/cluster.ts";
import { openRequests, type Requests } from "../kube/requests.ts";
import { usualLimits } from "../kube/settings.ts";
import { openTransport } from "../kube/transport.ts";
import { findKinds, type KindFinder } from "./cluster-kinds.ts";
import { clusterSettings } from "./cluster-session.ts";
import type { CommandContext } from "./command.ts";
import type { ClusterOptions } from "./options/cluster.ts";

/** What the commands for a cluster's objects work with. */
export interface ClusterDesk extends AsyncDisposable {
  readonly server: string;
  /** That of -n, else the context's. */
  readonly namespace: string;
  /** Whether -n was given. */
  readonly isNamespaceGiven: boolean;
  readonly cluster: Cluster;
  /** For what the port leaves out: tables, dry runs, streams. */
  readonly requests: Requests;
  readonly kinds: KindFinder;
  readonly signal: AbortSignal;
}

/** Somebody waits at the terminal. */
const patienceMs = 3_000;

export interface DeskOptions {
  /** How long a stream may be silent. */
  readonly silenceMs?: number;
}

export function openDesk(
  { environment, signal }: CommandContext,
  options: ClusterOptions,
  { silenceMs = usualLimits.silenceMs }: DeskOptions = {},
): ClusterDesk {
  const { kubeconfig, namespace, context, kubeContext = context } = options;
  if (context !== undefined && context !== kubeContext) {
    throw new Failure("usage", "--context and --kube-context name two contexts");
  }
  const named = clusterSettings(environment, { kubeconfig, kubeContext });
  const limits = { ...usualLimits, ...named.limits, silenceMs, retryMs: patienceMs };
  const settings = { ...named, limits };
  const transport = openTransport(settings, limits, "coldstream");
  const requests = openRequests(transport, settings, limits);
  const cluster = openCluster(settings);
  const ask = (path: string) =>
    requests.json({ method: "GET", path, action: "asking what the cluster serves", signal });
  return {
    server: settings.server,
    namespace: namespace ?? named.namespace,
    isNamespaceGiven: namespace !== undefined,
    ...{ cluster, requests, kinds: findKinds(ask), signal },
    async [Symbol.asyncDispose]() {
      transport.close();
      await cluster[Symbol.asyncDispose]();
    },
  };
}
