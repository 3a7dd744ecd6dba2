import { formatTime } from "../kit/quantities.ts";
import type { PodContainer } from "./pod.ts";

/** What became of the containers -> the status of their pod, as a kubelet writes it. Pure. */

export interface Termination {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string | undefined;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

export type ContainerState =
  | { readonly kind: "waiting"; readonly reason: string; readonly message?: string | undefined }
  | { readonly kind: "running"; readonly startedAt: Date }
  | ({ readonly kind: "terminated" } & Termination);

export interface ContainerView {
  readonly container: PodContainer;
  readonly state: ContainerState;
  /** How the run before this one ended. */
  readonly last?: Termination | undefined;
  readonly restarts: number;
}

export interface PodView {
  readonly uid: string;
  readonly initContainers: readonly ContainerView[];
  readonly containers: readonly ContainerView[];
  readonly restartPolicy: string;
  readonly address: string;
  /** When this node took it up. */
  readonly startTime: Date;
  /** Volumes are there. */
  readonly isReady: boolean;
  /** Nothing is started again. */
  readonly isEnding: boolean;
  /** Why the node ended it: eviction, deadline, shutdown. */
  readonly cause?: EndCause | undefined;
}

export interface EndCause {
  readonly reason: string;
  readonly message: string;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly lastTransitionTime?: string | null | undefined;
}

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

export function phaseOf(view: PodView): PodPhase {
  const { initContainers, containers, isEnding, cause } = view;
  const isRunning = [...initContainers, ...containers].some(({ state }) => state.kind === "running");
  if (cause !== undefined && !isRunning) return "Failed";
  const phase = initContainers.every(hasSucceeded) ? mainPhaseOf(view) : initPhaseOf(view);
  const isStopped = isEnding && !isRunning && phase !== "Succeeded";
  return isStopped ? "Failed" : phase;
}

function initPhaseOf({ initContainers, restartPolicy }: PodView): PodPhase {
  return restartPolicy === "Never" && initContainers.some(hasFailed) ? "Failed" : "Pending";
}

function mainPhaseOf({ containers, restartPolicy, isEnding }: PodView): PodPhase {
  const isOver = containers.every(({ state }) => state.kind === "terminated");
  if (isOver && (isEnding || restartPolicy !== "Always")) {
    if (containers.every(hasSucceeded)) return "Succeeded";
    return restartPolicy === "Never" ? "Failed" : "Running";
  }
  return containers.some(({ state, last }) => state.kind === "waiting" && last === undefined) ? "Pending" : "Running";
}

function hasSucceeded({ state }: ContainerView): boolean {
  return state.kind === "terminated" && state.exitCode === 0;
}

function hasFailed({ state }: ContainerView): boolean {
  return state.kind === "terminated" && state.exitCode !== 0;
}

export interface PodStatus {
  readonly phase: PodPhase;
  readonly conditions: readonly Condition[];
  readonly [field: string]: unknown;
}

/** `before`: the conditions there are. Those of others stay, and a time changes only with its status. */
export function statusOf(view: PodView, before: readonly Condition[], now: Date): PodStatus {
  const phase = phaseOf(view);
  const { cause, address, startTime, initContainers, containers } = view;
  return {
    phase,
    ...(cause === undefined ? {} : { reason: cause.reason, message: cause.message }),
    hostIP: address,
    hostIPs: [{ ip: address }],
    podIP: address,
    podIPs: [{ ip: address }],
    startTime: formatTime(startTime),
    conditions: mergeConditions(before, conditionsOf(view, phase), now),
    ...(initContainers.length > 0 && {
      initContainerStatuses: initContainers.map((one) => containerStatus(one, view, true)),
    }),
    containerStatuses: containers.map((one) => containerStatus(one, view, false)),
  };
}

function containerStatus({ container, state, last, restarts }: ContainerView, { uid }: PodView, isInit: boolean) {
  const isReady = isInit ? state.kind === "terminated" && state.exitCode === 0 : state.kind === "running";
  const id = `coldstream://${uid}/${container.name}/${restarts}`;
  return {
    name: container.name,
    image: container.image ?? "",
    imageID: state.kind === "waiting" && last === undefined ? "" : (container.image ?? ""),
    ...(state.kind !== "waiting" && { containerID: id }),
    ready: isReady,
    started: state.kind === "running",
    restartCount: restarts,
    state: stateText(state, id),
    lastState:
      last === undefined
        ? {}
        : { terminated: terminationText(last, `coldstream://${uid}/${container.name}/${restarts - 1}`) },
  };
}

function stateText(state: ContainerState, id: string) {
  switch (state.kind) {
    case "waiting":
      return { waiting: { reason: state.reason, ...(state.message !== undefined && { message: state.message }) } };
    case "running":
      return { running: { startedAt: formatTime(state.startedAt) } };
    case "terminated":
      return { terminated: terminationText(state, id) };
    default:
      throw new Error(`unknown state ${state satisfies never}`);
  }
}

function terminationText({ exitCode, reason, message, startedAt, finishedAt }: Termination, containerID: string) {
  return {
    exitCode,
    reason,
    ...(message !== undefined && message !== "" && { message }),
    startedAt: formatTime(startedAt),
    finishedAt: formatTime(finishedAt),
    containerID,
  };
}

function conditionsOf(view: PodView, phase: PodPhase): readonly Condition[] {
  const { initContainers, containers, cause } = view;
  const isDone = phase === "Succeeded" || phase === "Failed";
  const waitsFor = initContainers.filter((one) => !hasSucceeded(one)).map(({ container }) => container.name);
  const unready = containers.filter(({ state }) => state.kind !== "running").map(({ container }) => container.name);
  const initialized: Omit<Condition, "type"> =
    waitsFor.length > 0
      ? failing("ContainersNotInitialized", `containers with incomplete status: [${waitsFor.join(" ")}]`)
      : phase === "Succeeded"
        ? { status: "True", reason: "PodCompleted" }
        : { status: "True" };
  const ready: Omit<Condition, "type"> = isDone
    ? failing(phase === "Succeeded" ? "PodCompleted" : "PodFailed")
    : unready.length > 0
      ? failing("ContainersNotReady", `containers with unready status: [${unready.join(" ")}]`)
      : { status: "True" };
  return [
    { type: "PodReadyToStartContainers", status: view.isReady && !isDone ? "True" : "False" },
    { type: "Initialized", ...initialized },
    { type: "Ready", ...ready },
    { type: "ContainersReady", ...ready },
    { type: "PodScheduled", status: "True" },
    ...(cause === undefined || cause.reason === "DeadlineExceeded"
      ? []
      : [{ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", message: cause.message }]),
  ];
}

function failing(reason: string, message?: string): Omit<Condition, "type"> {
  return { status: "False", reason, ...(message !== undefined && { message }) };
}

export function mergeConditions(
  before: readonly Condition[],
  ours: readonly Condition[],
  now: Date,
): readonly Condition[] {
  const foreign = before.filter(({ type }) => !ours.some((one) => one.type === type));
  const merged = ours.map((one) => {
    const old = before.find(({ type }) => type === one.type);
    const isSame = old?.status === one.status && typeof old.lastTransitionTime === "string";
    return { ...one, lastTransitionTime: isSame ? old.lastTransitionTime : formatTime(now) };
  });
  return [...merged, ...foreign];
}
