import { Failure } from "../kit/failures.ts";
import { type Hosts, openHosts } from "../kit/hosts.ts";
import type { Log } from "../kit/log.ts";
import { openPaths, type Paths } from "../kit/paths.ts";
import { openCluster } from "../kube/client.ts";
import type { Cluster } from "../kube/cluster.ts";
import { inCluster } from "../kube/in-cluster.ts";
import type { Key, KubeObject, Resource } from "../kube/resource.ts";
import { keyText } from "../kube/resource.ts";
import type { TaskEnvironment } from "./environment.ts";
import { stubborn } from "./stubborn-cluster.ts";

/** What every program is given besides its flags. */
export interface TaskContext {
  readonly cluster: Cluster;
  /** Of the pod's ServiceAccount. */
  readonly namespace: string;
  readonly environment: TaskEnvironment;
  readonly paths: Paths;
  readonly hosts: Hosts;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The cluster as this pod's ServiceAccount sees it. */
export function openContext(
  environment: TaskEnvironment,
  { log, signal }: Pick<TaskContext, "log" | "signal">,
): TaskContext {
  const [paths, hosts] = [openPaths(environment.mounts), openHosts(environment.hosts)];
  const settings = clusterSettings({ environment, paths, hosts });
  const cluster = stubborn(openCluster(settings));
  return {
    ...{ cluster, namespace: settings.namespace, environment, paths, hosts },
    ...{ log, signal, now: () => new Date() },
  };
}

/** How this pod reaches the API server, also for what is no request: commands in other pods. */
export function clusterSettings({
  environment: { apiServer },
  paths,
  hosts,
}: Pick<TaskContext, "environment" | "paths" | "hosts">): ReturnType<typeof inCluster> {
  if (apiServer === undefined) {
    throw new Failure("usage", "this program runs in a pod: KUBERNETES_SERVICE_HOST is not set", {
      hint: "the operator starts it; from a shell use coldstream backup, restore, forget or check",
    });
  }
  return inCluster({ ...apiServer, folder: paths.resolve(accountFolder), resolve: hosts.lookup });
}

/** An object that has to be there. Throws `object-not-found`. */
export async function required<T extends KubeObject>(
  { cluster, signal }: Pick<TaskContext, "cluster" | "signal">,
  resource: Resource<T>,
  key: Key,
): Promise<T> {
  const object = await cluster.get(resource, key, { signal });
  if (object !== undefined) return object;
  throw new Failure("object-not-found", `there is no ${resource.kind} ${keyText(key)}`, {
    hint: `make it, or correct its name where it is used`,
  });
}
