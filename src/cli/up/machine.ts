import { randomUUID } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import type { Log } from "../../kit/log.ts";
import { openCluster } from "../../kube/client.ts";
import type { Cluster } from "../../kube/cluster.ts";
import { namespaces } from "../../kube/core.ts";
import { resourceOf } from "../../kube/resource.ts";
import { ensure } from "../../kube/update.ts";
import { writeKubeconfig } from "../../local/kubeconfig.ts";
import { type ApiServer, startApiServer } from "../../local/server.ts";
import { startControllers } from "../../machine/controllers.ts";
import { startRunner } from "../../machine/runner.ts";
import { openRegistry } from "../../metrics/registry.ts";
import { catalogue } from "../../operator/catalogue/catalogue.ts";
import { openMeters } from "../../operator/meters.ts";
import { runOperator } from "../../operator/operator.ts";
import type { Address } from "../commands/operator.ts";
import type { DataFolder } from "./data-folder.ts";
import { openAsOperator } from "./operator-account.ts";
import { type Pushgateway, startPushgateway } from "./pushgateway.ts";
import { windDown } from "./wind-down.ts";

export interface MachineOptions {
  readonly folder: DataFolder;
  readonly listen: Address;
  readonly metrics: Address;
  readonly pushgateway: Address;
  /** Program and arguments of this command line, which pods run. */
  readonly entry: readonly string[];
  /** Programs that a container may name as its `command`: none, unless given. */
  readonly allowCommands?: readonly string[];
  /** What pods find in their environment; it needs a PATH. */
  readonly environment: Readonly<Record<string, string>> & { readonly PATH: string };
  readonly version: string;
  readonly log: Log;
}

/**
 * All that runs. Disposing of it ends it in order: nothing new is begun, then pods end, then what writes how they ended, then
 * the API server.
 */
export interface Machine extends AsyncDisposable {
  readonly url: string;
  /** Of /metrics, /livez and /readyz. */
  readonly metricsPort: number | undefined;
  readonly pushgateway: Pick<Pushgateway, "url" | "isOwn">;
  /** Rejects when a part of it ends that should not. */
  readonly trouble: Promise<never>;
}

/** Of the one image that there is: pods with another do not start. Without a version, so that Jobs outlive an upgrade. */
const image = "coldstream";
const operatorNamespace = "coldstream";
const node = "machine";

export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { folder, environment, log, allowCommands = [] } = options;
  // young objects are given no more room than at the start: with 10,000 objects that is 120 MiB less
  setFlagsFromString("--semi-space-growth-factor=1");
  await using opening = new AsyncDisposableStack();
  const life = new AbortController();
  const { signal } = life;
  const server = opening.use(await startServer(options, signal));
  await writeKubeconfig(folder.kubeconfig, server);
  const cluster = opening.use(openCluster({ server: server.url, ca: server.caPem, token: server.adminToken }));
  const [pushgateway] = await together(opening, [
    startPushgateway({ listen: options.pushgateway, folder: folder.pushgateway, path: environment.PATH, log }),
    makeCatalogue(cluster, signal),
  ]);
  const [runner, controllers, asOperator] = await together(opening, [
    startRunner(cluster, {
      ...{ node, image, entry: options.entry, log, signal },
      ...{ folder: folder.machine, clientAuthority: server.caPem, allowCommands },
      // what a pod compiled the next one need not
      environment: { NODE_COMPILE_CACHE: folder.compiled, ...environment },
    }),
    startControllers(cluster, { authority: server.caPem, log, signal }),
    openAsOperator(cluster, server, { namespace: operatorNamespace, image, signal }),
  ]);
  const operator = opening.use(await startOperator(asOperator, options, pushgateway.url));
  const open = opening.move();
  return {
    ...{ url: server.url, metricsPort: operator.port, pushgateway, trouble: operator.trouble },
    async [Symbol.asyncDispose]() {
      await windDown({ cluster, controllers, runner, log });
      await open.disposeAsync();
      life.abort();
    },
  };
}

/** Started side by side; the first is ended last. Of those that started none stays when another did not. */
async function together<All extends readonly (AsyncDisposable | undefined)[]>(
  stack: AsyncDisposableStack,
  starting: { readonly [Index in keyof All]: Promise<All[Index]> },
): Promise<All> {
  const results = await Promise.allSettled(starting);
  for (const result of results) if (result.status === "fulfilled") stack.use(result.value);
  return await Promise.all(starting);
}

/** "Any port" is the one of last time where that is free: pods that outlived a kill go on asking there. */
async function startServer({ folder, listen, log }: MachineOptions, signal: AbortSignal): Promise<ApiServer> {
  const start = async (port: number) =>
    await startApiServer({ folder: folder.api, listen: { ...listen, port }, log, signal });
  const before = listen.port === 0 ? await lastPort(folder) : undefined;
  if (before === undefined) return await start(listen.port);
  try {
    return await start(before);
  } catch (error) {
    if (!isTaken(error)) throw error;
    return await start(0);
  }
}

function isTaken(error: unknown): boolean {
  const { cause } = error instanceof Error ? error : {};
  return cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
}

/** Of the kubeconfig as it was left; undefined when there is none that can be read. */
async function lastPort({ kubeconfig }: DataFolder): Promise<number | undefined> {
  // loaded where it is asked for: most are given a port, and YAML takes 40 ms
  const { readKubeconfig } = await import("../../kube/kubeconfig.ts");
  try {
    const { port } = new URL(readKubeconfig({ path: kubeconfig }).server);
    return Number(port || 443);
  } catch {
    return undefined;
  }
}

/** Functions and Tasks as this program has them, and the operator's namespace. */
async function makeCatalogue(cluster: Cluster, signal: AbortSignal): Promise<undefined> {
  await ensure(cluster, namespaces, { metadata: { name: operatorNamespace } }, { signal });
  await Promise.all(
    catalogue(image).map(async ({ kind, metadata: { name = "", labels }, spec }) => {
      await ensure(cluster, resourceOf(kind), { metadata: { name, labels }, spec }, { signal });
    }),
  );
}

interface RunningOperator extends AsyncDisposable {
  readonly port: number | undefined;
  readonly trouble: Promise<never>;
}

async function startOperator(
  cluster: Cluster,
  { metrics, version, log }: MachineOptions,
  pushgatewayUrl: string,
): Promise<RunningOperator> {
  const registry = openRegistry();
  const meters = await openMeters({ registry, clock: () => new Date(), listen: metrics, process, version });
  const stop = new AbortController();
  const urls = { pushgatewayUrl, operatorPushgatewayUrl: pushgatewayUrl };
  const ended = runOperator(
    cluster,
    { image, pullSecrets: [], namespace: operatorNamespace, ...urls },
    { signal: stop.signal, log, identity: randomUUID(), lease: undefined, metrics: registry, meters },
  );
  const trouble = ended.then(() => new Promise<never>(() => undefined));
  trouble.catch(() => undefined);
  return {
    port: meters.port,
    trouble,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended.catch(() => undefined);
      await meters[Symbol.asyncDispose]();
    },
  };
}
