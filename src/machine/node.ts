import { arch, availableParallelism, platform, release, totalmem, version } from "node:os";
import type { Log } from "../kit/log.ts";
import { formatMicroTime, formatTime } from "../kit/quantities.ts";
import type { Cluster } from "../kube/cluster.ts";
import { leases, type Node, nodes, ownedBy } from "../kube/core.ts";
import { KubeFailure } from "../kube/failure.ts";
import { follow } from "../kube/follow.ts";
import { pause } from "../kube/requests.ts";
import { updateStatus } from "../kube/update.ts";
import type { Place } from "./downward.ts";
import { type Condition, mergeConditions } from "./status.ts";

export interface NodeOptions {
  readonly place: Place;
  /** Of the log server. */
  readonly port: number;
  readonly onChange: () => void;
  readonly log: Log;
  /** Ends the reports, not the node. */
  readonly signal: AbortSignal;
}

export interface NodeReport {
  /** As the API server has it. */
  node(): Node | undefined;
  /** Says why the node is no longer ready. */
  leave(options: { readonly reason: string; readonly signal: AbortSignal }): Promise<void>;
  readonly stopped: Promise<void>;
}

/** Kubelets renew their lease so often, and their status so seldom. */
const leaseMs = 10_000;
const statusMs = 60_000;
const leaseSeconds = 40;

/** Registers a node, or takes over the one of this name, and keeps saying that it is there. */
export async function keepNode(cluster: Cluster, options: NodeOptions): Promise<NodeReport> {
  const { place, log, signal } = options;
  const name = place.nodeName;
  let isLeaving = false;
  let reported = Number.NEGATIVE_INFINITY;
  const wake = { call: () => undefined as unknown };
  const followed = follow(
    cluster,
    nodes,
    { fieldSelector: `metadata.name=${name}` },
    {
      signal,
      onTrouble: (error) => log.warn({ error }, "following the node"),
      onChange({ after }) {
        options.onChange();
        if (after === undefined || !isReady(after)) wake.call();
      },
    },
  );
  async function report(): Promise<void> {
    const node = await register(cluster, options);
    await renewLease(cluster, node, signal);
    if (performance.now() - reported < statusMs && isReady(node)) return;
    await writeStatus(cluster, options, { ready: readyCondition("KubeletReady", "the pod runner is ready"), signal });
    reported = performance.now();
    await clearTaint(cluster, node, signal);
  }
  async function beat(): Promise<void> {
    while (!signal.aborted && !isLeaving) {
      const waking = new AbortController();
      wake.call = () => waking.abort();
      await pause(leaseMs, AbortSignal.any([signal, waking.signal])).catch(() => undefined);
      if (signal.aborted || isLeaving) return;
      await report().catch((error: unknown) => log.warn({ node: name, error }, "reporting the node"));
      // a node that others call unready is not argued about more often than this
      await pause(1000, signal).catch(() => undefined);
    }
  }
  await report();
  await followed.ready;
  const stopped = Promise.all([beat(), followed.stopped]).then(() => undefined);
  return {
    node: () => followed.get({ name }),
    async leave({ reason, signal: own }) {
      isLeaving = true;
      wake.call();
      const ready = { type: "Ready", status: "False", reason: "KubeletNotReady", message: reason };
      await writeStatus(cluster, options, { ready, signal: own });
    },
    stopped,
  };
}

function readyCondition(reason: string, message: string): Condition {
  return { type: "Ready", status: "True", reason, message };
}

function isReady({ status }: Node): boolean {
  return conditionsOf(status).some(({ type, status }) => type === "Ready" && status === "True");
}

function conditionsOf(status: Node["status"]): readonly Condition[] {
  const all: unknown = status?.["conditions"];
  return Array.isArray(all) ? all.filter(isCondition) : [];
}

function isCondition(one: unknown): one is Condition {
  return typeof one === "object" && one !== null && "type" in one && "status" in one;
}

async function register(cluster: Cluster, { place, signal }: NodeOptions): Promise<Node> {
  const name = place.nodeName;
  const labels = {
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": platform(),
    "kubernetes.io/arch": architecture(),
  };
  const found = await cluster.get(nodes, { name }, { signal });
  if (found !== undefined) {
    const isLabelled = Object.entries(labels).every(([key, value]) => found.metadata.labels?.[key] === value);
    if (isLabelled) return found;
    return (await cluster.patch(nodes, { name }, { signal, merge: { metadata: { labels } } })) ?? found;
  }
  return await cluster.create(nodes, { metadata: { name, labels }, spec: {} }, { signal });
}

const notReady = "node.kubernetes.io/not-ready";

/** Servers put it on new nodes; where no controller of nodes runs, nobody takes it away from those that are ready. */
async function clearTaint(cluster: Cluster, { metadata, spec }: Node, signal: AbortSignal): Promise<void> {
  const taints: readonly unknown[] = Array.isArray(spec?.["taints"]) ? spec["taints"] : [];
  const rest = taints.filter(
    (one) => typeof one !== "object" || one === null || !("key" in one) || one.key !== notReady,
  );
  if (rest.length === taints.length) return;
  await cluster.patch(nodes, { name: metadata.name ?? "" }, { signal, merge: { spec: { taints: rest } } });
}

interface Reporting {
  readonly ready: Condition;
  readonly signal: AbortSignal;
}

async function writeStatus(cluster: Cluster, options: NodeOptions, { ready, signal }: Reporting): Promise<void> {
  const { nodeName } = options.place;
  await updateStatus(cluster, nodes, { name: nodeName }, ({ status }) => nodeStatus(status, options, ready), {
    signal,
  });
}

function nodeStatus(before: Node["status"], { place, port }: NodeOptions, ready: Condition): Node["status"] {
  const now = new Date();
  const fine = ["MemoryPressure", "DiskPressure", "PIDPressure"].map((type) => ({ type, status: "False" }));
  const conditions = mergeConditions(conditionsOf(before), [...fine, ready], now);
  const amounts = { cpu: String(place.cpus), memory: `${Math.floor(place.memoryBytes / 1024)}Ki`, pods: "110" };
  return {
    ...before,
    addresses: [
      { type: "InternalIP", address: place.address },
      { type: "Hostname", address: place.nodeName },
    ],
    capacity: amounts,
    allocatable: amounts,
    conditions: conditions.map((one) => ({ ...one, lastHeartbeatTime: formatTime(now) })),
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
    nodeInfo: {
      ...{ architecture: architecture(), operatingSystem: platform(), kernelVersion: release(), osImage: version() },
      ...{ machineID: "", systemUUID: "", bootID: "", kubeProxyVersion: "" },
      ...{ containerRuntimeVersion: "coldstream://processes", kubeletVersion: "v0.0.0-coldstream" },
    },
  };
}

async function renewLease(cluster: Cluster, node: Node, signal: AbortSignal): Promise<void> {
  const { name = "" } = node.metadata;
  const key = { namespace: "kube-node-lease", name };
  const renewTime = formatMicroTime(new Date());
  const spec = { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime };
  if ((await cluster.patch(leases, key, { signal, merge: { spec } })) !== undefined) return;
  const metadata = { ...key, ownerReferences: [ownedBy(node, { controller: false })] };
  try {
    await cluster.create(leases, { metadata, spec }, { signal });
  } catch (error) {
    // a server without that namespace judges by the node's status alone
    if (!KubeFailure.isReason(error, "NotFound", "NotServed", "AlreadyExists")) throw error;
  }
}

/** As Go names it. */
function architecture(): string {
  return arch() === "x64" ? "amd64" : arch();
}

/** This machine as a node. */
export function placeOf(nodeName: string): Place {
  return { nodeName, address: "127.0.0.1", cpus: availableParallelism(), memoryBytes: totalmem() };
}
