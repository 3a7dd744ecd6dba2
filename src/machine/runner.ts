import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Log, silentLog } from "../kit/log.ts";
import type { BackOff } from "../kube/backoff.ts";
import type { Cluster } from "../kube/cluster.ts";
import { type Endpoints, endpoints, type Service, services } from "../kube/core.ts";
import { type Followed, follow } from "../kube/follow.ts";
import { recorder } from "../kube/recorder.ts";
import { pause } from "../kube/requests.ts";
import { type Claims, openClaims } from "./claims.ts";
import { findLog } from "./find-log.ts";
import { serveLogs } from "./log-server.ts";
import { watchMemory } from "./memory.ts";
import { keepNode, type NodeReport, placeOf } from "./node.ts";
import { type MachinePod, machinePods } from "./pod.ts";
import { kubeletBackOff, type PodContext } from "./pod-context.ts";
import { openScheduler, type Scheduler } from "./scheduler.ts";
import { hostsOf } from "./service-hosts.ts";
import { openWorkers, sweepPods, type Workers } from "./workers.ts";

export interface RunnerOptions {
  /** Name of the node that this machine is. */
  readonly node: string;
  /** Holds the pods' folders and the claims'. Nobody else's. */
  readonly folder: string;
  /** The one image that there is here. */
  readonly image: string;
  /** Program and arguments that stand for the image's entry point. */
  readonly entry: readonly string[];
  /** Programs that a container may name as its `command`: none, unless given. */
  readonly allowCommands?: readonly string[];
  /** Hosts as pods say them (`name.namespace.svc[:port]`) -> where they are reached; before what Services say. */
  readonly hosts?: Readonly<Record<string, string>>;
  /**
   * Whether each pod has a host name of its own, as in a cluster: restic's locks tell it. Needs root and util-linux.
   * The machine's unless given.
   */
  readonly podHostNames?: boolean;
  /** What every container finds in its environment; nothing else of ours gets there. It needs a PATH. */
  readonly environment: Readonly<Record<string, string>>;
  /** PEM of the authority whose clients may read logs; everyone on this machine unless given. */
  readonly clientAuthority?: string;
  /** Before a container is started again, or an image is looked for again. A kubelet's unless given. */
  readonly restartBackOff?: BackOff;
  /** What containers are left to end when the runner ends. 10 seconds unless given. */
  readonly shutdownGraceMs?: number;
  readonly log?: Log;
  /** Ends the runner with all that runs here. */
  readonly signal: AbortSignal;
}

/** Disposing of it ends it, with all that runs here. */
export interface Runner extends AsyncDisposable {
  readonly node: string;
  /** Of the log server. */
  readonly port: number;
  /** After the signal was aborted and all has ended. Never rejects. */
  readonly stopped: Promise<void>;
}

/** A node of the cluster whose pods are processes of this machine. Ready when it is. */
export async function startRunner(cluster: Cluster, options: RunnerOptions): Promise<Runner> {
  const { shutdownGraceMs = 10_000, log = silentLog } = options;
  // what still has to be said when the runner ends takes longer than its signal
  const life = new AbortController();
  const stop = new AbortController();
  await using opening = new AsyncDisposableStack();
  const close = opening.adopt(new AsyncDisposableStack(), async (stack) => {
    life.abort();
    await stack.disposeAsync();
  });
  const giveUp = () => life.abort();
  options.signal.addEventListener("abort", giveUp);
  const { node, workers, port } = await openMachine(cluster, { ...options, log, signal: life.signal }, close);
  options.signal.removeEventListener("abort", giveUp);
  const open = opening.move();
  const stopped = untilAborted(AbortSignal.any([options.signal, stop.signal])).then(async () => {
    const left = node.leave({ reason: "the pod runner is ending", signal: AbortSignal.timeout(lastWordsMs) });
    await left.catch((error: unknown) => log.warn({ node: options.node, error }, "taking leave"));
    const ended = workers.endAll(shutDown, shutdownGraceMs);
    await Promise.race([ended, pause(shutdownGraceMs + lastWordsMs, life.signal).catch(() => undefined)]);
    await open.disposeAsync();
  });
  return {
    ...{ node: options.node, port, stopped },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await stopped;
    },
  };
}

const shutDown = {
  reason: "Terminated",
  message: "Pod was terminated in response to imminent node shutdown.",
} as const;

/** How long the last words may take when the API server does not answer. */
const lastWordsMs = 5000;

interface Opening extends RunnerOptions {
  readonly log: Log;
}

interface Machine {
  readonly workers: Workers;
  readonly node: NodeReport;
  readonly port: number;
}

/** What has to be closed after the signal was aborted is put on the stack. */
async function openMachine(cluster: Cluster, options: Opening, stack: AsyncDisposableStack): Promise<Machine> {
  const { folder, log, signal } = options;
  await mkdir(join(folder, "pods"), { recursive: true, mode: 0o700 });
  const stores = openStores(cluster, options);
  await Promise.all([stores.claims.all.ready, stores.services.ready, stores.endpoints.ready]);
  const context = contextOf(cluster, options, stores);
  stack.defer(context.memory.stop);
  const workers = openWorkers(context);
  stack.defer(workers.settled);
  const { place } = context;
  const serving = { node: options.node, address: place.address, clientAuthority: options.clientAuthority, signal };
  const logs = stack.use(await serveLogs({ ...serving, find: findLog(workers.all) }));
  let scheduler: Scheduler | undefined;
  const pods = follow(
    cluster,
    machinePods,
    {},
    {
      signal,
      onTrouble: (error) => log.warn({ error }, "following pods"),
      onChange(change) {
        workers.take(change);
        if (change.after !== undefined) scheduler?.look(change.after);
      },
    },
  );
  await pods.ready;
  await sweepPods(context.folder, workers);
  const lookAtAll = () => {
    for (const pod of pods.list()) scheduler?.look(pod);
  };
  const node = await keepNode(cluster, { place, port: logs.port, log, signal, onChange: lookAtAll });
  stack.defer(() => node.stopped);
  scheduler = openScheduler(cluster, scheduling({ node, pods, stores, context }));
  stack.defer(async () => await scheduler?.stopped);
  lookAtAll();
  return { workers, node, port: logs.port };
}

interface Scheduling {
  readonly node: NodeReport;
  readonly pods: Followed<MachinePod>;
  readonly stores: Stores;
  readonly context: PodContext;
}

function scheduling({ node, pods, stores, context }: Scheduling) {
  const { recorder, log, signal } = context;
  return {
    ...{ recorder, log, signal },
    node: () => node.node(),
    pods: () => pods.list(),
    claim: (namespace: string, name: string) => stores.claims.all.get({ namespace, name }),
  };
}

interface Stores {
  readonly claims: Claims;
  readonly services: Followed<Service>;
  readonly endpoints: Followed<Endpoints>;
}

function openStores(cluster: Cluster, { node, folder, log, signal }: Opening): Stores {
  const onTrouble = (error: unknown) => log.warn({ error }, "following services");
  return {
    claims: openClaims(cluster, { folder: join(folder, "claims"), node, log, signal }),
    services: follow(cluster, services, {}, { signal, onTrouble }),
    endpoints: follow(cluster, endpoints, {}, { signal, onTrouble }),
  };
}

function contextOf(cluster: Cluster, options: Opening, stores: Stores): PodContext {
  const { folder, log, signal, hosts: given = {}, environment } = options;
  const apiServer = addressOf(cluster.server);
  return {
    ...{ cluster, environment, log, signal },
    place: placeOf(options.node),
    runnable: options,
    podHostNames: options.podHostNames ?? false,
    folder: join(folder, "pods"),
    claims: stores.claims,
    recorder: recorder(cluster, { component: "coldstream-runner", signal }),
    memory: watchMemory(),
    restartBackOff: options.restartBackOff ?? kubeletBackOff,
    hosts: (namespace) =>
      hostsOf({ namespace, apiServer, given, services: stores.services.list(), endpoints: stores.endpoints.list() }),
  };
}

function addressOf(server: string): string {
  const { hostname, port, protocol } = new URL(server);
  return `${hostname}:${port === "" ? (protocol === "http:" ? 80 : 443) : port}`;
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
