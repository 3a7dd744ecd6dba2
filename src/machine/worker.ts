import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "../kit/failures.ts";
import { backOffMs } from "../kube/backoff.ts";
import { KubeFailure } from "../kube/failure.ts";
import { pause } from "../kube/requests.ts";
import { type ContainerChange, runContainer } from "./container.ts";
import { openEnding, type PodEnding } from "./ending.ts";
import { knownOf } from "./known.ts";
import { isOver, type MachinePod, type PodContainer, uidOf } from "./pod.ts";
import { lackingBackOff, type PodContext } from "./pod-context.ts";
import { findPrepared, type Prepared, prepareVolumes } from "./pod-volumes.ts";
import { killRuns } from "./runs.ts";
import { withServiceAccount } from "./service-account.ts";
import type { ContainerView, EndCause, PodView } from "./status.ts";
import { openStatusWriter, type StatusWriter } from "./status-writer.ts";
import { keepToken } from "./token.ts";
import { watchDeadline, watchSpace } from "./watches.ts";

/** The life of one pod on this node. */
export interface Worker {
  /** What the API server has now. */
  update(pod: MachinePod): void;
  /** The API server has it no more: whatever still runs is killed, and its folder goes. */
  discard(): Promise<void>;
  end(cause: EndCause, graceMs: number): void;
  /** After everything has ended and its status was written. Never rejects. */
  readonly over: Promise<void>;
  pod(): MachinePod;
  view(): PodView;
  readonly folder: string;
}

interface Life {
  readonly context: PodContext;
  readonly folder: string;
  readonly ending: PodEnding;
  readonly changes: Map<string, ContainerChange>;
  readonly status: StatusWriter;
  pod: MachinePod;
  isPrepared: boolean;
  waitingMessage: string | undefined;
}

export function startWorker(found: MachinePod, context: PodContext): Worker {
  const folder = podFolderOf(context.folder, uidOf(found));
  const startTime = found.status?.startTime ? new Date(found.status.startTime) : new Date();
  const ending = openEnding();
  const { signal, log } = context;
  const view = () => viewOf(life, startTime);
  const status = openStatusWriter(context.cluster, { pod: found, view, log, signal });
  const pod = withServiceAccount(found);
  const life: Life = {
    ...{ context, folder, ending, status, pod, changes: new Map() },
    ...{ isPrepared: false, waitingMessage: undefined },
  };
  for (const container of containersOf(pod)) {
    const known = knownOf(found, container.name);
    if (known.kind === "ended")
      life.changes.set(container.name, { state: { kind: "terminated", ...known.end }, restarts: known.restarts });
  }
  if (isOver(found)) ending.close();
  const over = (isOver(found) ? Promise.resolve() : live(life, startTime)).then(() => keepLogs(life));
  let isDiscarded = false;
  let isLeaving = false;

  async function leave(): Promise<void> {
    await over;
    if (!isDiscarded) await removePod(life);
  }
  function update(next: MachinePod): void {
    life.pod = withServiceAccount(next);
    status.see(next);
    const { deletionTimestamp } = next.metadata;
    if (deletionTimestamp === undefined || deletionTimestamp === null) return;
    ending.ask({ graceMs: graceOf(next) });
    if (!isOver(found)) status.publish();
    if (!isLeaving) void leave();
    isLeaving = true;
  }
  update(found);
  return {
    update,
    async discard() {
      isDiscarded = true;
      ending.ask({ graceMs: 0 });
      await over;
      // also of a pod that was over when it was found: its folder is all that tells of them
      await killRuns(folder);
      await rm(folder, { recursive: true, force: true });
    },
    end: (cause, graceMs) => ending.ask({ cause, graceMs }),
    over,
    pod: () => life.pod,
    view,
    folder,
  };
}

export function podFolderOf(folder: string, uid: string): string {
  return join(folder, uid);
}

function containersOf({ spec }: MachinePod): readonly PodContainer[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

function graceOf({ metadata, spec }: MachinePod): number {
  const given = metadata["deletionGracePeriodSeconds"];
  return (typeof given === "number" ? given : (spec.terminationGracePeriodSeconds ?? 30)) * 1000;
}

async function live(life: Life, startTime: Date): Promise<void> {
  const { context, status, ending, pod } = life;
  const done = new AbortController();
  const stopDeadline = watchDeadline(pod, { startTime, ending });
  try {
    await mkdir(life.folder, { recursive: true, mode: 0o700 });
    status.publish();
    const prepared = await prepare(life);
    if (prepared !== undefined) {
      life.isPrepared = true;
      const watching = { context, ending, signal: done.signal };
      for (const token of prepared.tokens) {
        void keepToken(context.cluster, pod, { ...token, signal: done.signal, log: context.log });
      }
      void watchSpace(pod, { ...watching, limits: prepared.limits });
      await runAll(life, prepared);
    }
  } catch (error) {
    context.log.error({ pod: pod.metadata.name, namespace: pod.metadata.namespace, error }, "running a pod");
    ending.ask({ cause: { reason: "NodeError", message: describe(error) }, graceMs: 0 });
    // what another runner started and nobody took over must not run on beside the next pod of its Job
    await killRuns(life.folder);
  } finally {
    stopDeadline();
    done.abort();
    ending.close();
    status.publish();
    await status.flush();
  }
}

/** undefined: the pod began to end before. */
async function prepare(life: Life): Promise<Prepared | undefined> {
  const { context, folder, ending, pod } = life;
  const found = await findPrepared(folder);
  if (found !== undefined) return found;
  for (let tries = 1; !ending.asked.aborted; tries++) {
    const made = await prepareVolumes(pod, { ...context, folder }).catch((error: unknown) => ({
      ...({ kind: "lacking", message: describe(error) } as const),
    }));
    if (made.kind === "prepared") {
      life.waitingMessage = undefined;
      return made.prepared;
    }
    if (life.waitingMessage !== made.message) {
      life.waitingMessage = made.message;
      life.status.publish();
      void context.recorder.event(pod, { type: "Warning", reason: "FailedMount", message: made.message });
    }
    await pause(backOffMs(tries, 1, lackingBackOff), ending.asked).catch(() => undefined);
  }
  return undefined;
}

async function runAll(life: Life, { places }: Prepared): Promise<void> {
  const { initContainers, containers } = life.pod.spec;
  const run = (container: PodContainer, isInit: boolean) =>
    runContainer({
      pod: () => life.pod,
      container: () => containersOf(life.pod).find(({ name }) => name === container.name) ?? container,
      ...{ isInit, podFolder: life.folder, places: new Map(Object.entries(places)) },
      ...{ context: life.context, ending: life.ending, known: knownOf(life.pod, container.name) },
      tell(change) {
        life.changes.set(container.name, change);
        life.status.publish();
      },
    });
  for (const container of initContainers ?? []) {
    const end = await run(container, true);
    if (end === undefined || end.exitCode !== 0) return;
  }
  await Promise.all(containers.map((container) => run(container, false)));
}

/** Of a pod that has ended its logs are kept, but no Secrets and nothing that takes room. */
async function keepLogs({ folder, pod, context }: Life): Promise<void> {
  const temporary = containersOf(pod).map(({ name }) => join("containers", name, "tmp"));
  for (const name of ["volumes", "volumes.json", "home", ...temporary]) {
    await rm(join(folder, name), { recursive: true, force: true }).catch((error: unknown) =>
      context.log.warn({ folder, error }, "removing what an ended pod left"),
    );
  }
}

/** Until the API server has no such pod. */
async function removePod({ context, pod }: Life): Promise<void> {
  const { namespace = "", name = "", uid } = pod.metadata;
  const { signal, log } = context;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
  const body = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0, preconditions: { uid } };
  while (!signal.aborted) {
    try {
      await context.cluster.request({ method: "DELETE", path, body }, { signal });
      return;
    } catch (error) {
      if (signal.aborted || KubeFailure.isReason(error, "NotFound", "Conflict")) return;
      log.warn({ pod: name, namespace, error }, "removing a pod");
      await pause(1000, signal).catch(() => undefined);
    }
  }
}

function viewOf(life: Life, startTime: Date): PodView {
  const { pod, changes, ending, context, isPrepared, waitingMessage } = life;
  const { initContainers, containers, restartPolicy } = pod.spec;
  const reason = (initContainers ?? []).length > 0 ? "PodInitializing" : "ContainerCreating";
  const state = { kind: "waiting", reason, message: waitingMessage } as const;
  const see = (container: PodContainer): ContainerView => ({
    container,
    ...(changes.get(container.name) ?? { state, restarts: 0 }),
  });
  return {
    uid: uidOf(pod),
    initContainers: (initContainers ?? []).map(see),
    containers: containers.map(see),
    restartPolicy: restartPolicy ?? "Always",
    address: context.place.address,
    startTime,
    isReady: isPrepared,
    isEnding: ending.asked.aborted,
    cause: ending.cause(),
  };
}
