import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "../kit/failures.ts";
import { type BackOff, backOffMs } from "../kube/backoff.ts";
import { pause } from "../kube/requests.ts";
import type { Known } from "./known.ts";
import { type Launch, launch } from "./launch.ts";
import { keepMarks, logTail } from "./log-file.ts";
import type { MachinePod, PodContainer } from "./pod.ts";
import { type Ending, lackingBackOff, type PodContext } from "./pod-context.ts";
import { findRun, type Run, type RunEnd } from "./process.ts";
import { amountOf } from "./quantity.ts";
import { removeOutdated, runFolderOf } from "./runs.ts";
import type { ContainerState, Termination } from "./status.ts";

export interface ContainerTask {
  /** As they are now: a pod's image can be changed. */
  readonly pod: () => MachinePod;
  readonly container: () => PodContainer;
  /** It has to succeed before the others start. */
  readonly isInit: boolean;
  readonly podFolder: string;
  readonly places: ReadonlyMap<string, string>;
  readonly context: PodContext;
  readonly ending: Ending;
  /** What the API server knew of it when this runner found the pod. */
  readonly known: Known;
  readonly tell: (change: ContainerChange) => void;
}

export interface ContainerChange {
  readonly state: ContainerState;
  readonly restarts: number;
  readonly last?: Termination | undefined;
}

/** Runs a container as often as its pod wants; how it ended at last, undefined when it was never started. */
export async function runContainer(task: ContainerTask): Promise<Termination | undefined> {
  let attempt = await latestAttempt(task);
  let last: Termination | undefined;
  for (;;) {
    const ended = await runOnce(task, attempt, last);
    if (ended === undefined || !isAgain(task, ended)) return ended;
    const message = `back-off restarting failed container=${task.container().name} pod=${task.pod().metadata.name}`;
    task.tell({ state: { kind: "waiting", reason: "CrashLoopBackOff", message }, restarts: attempt, last: ended });
    const isEnding = await waitBackOff(task, attempt + 1, task.context.restartBackOff);
    if (isEnding) {
      task.tell({ state: { kind: "terminated", ...ended }, restarts: attempt, last });
      return ended;
    }
    last = ended;
    attempt++;
  }
}

function isAgain({ pod, ending, isInit }: ContainerTask, { exitCode }: Termination): boolean {
  const policy = pod().spec.restartPolicy ?? "Always";
  if (ending.asked.aborted || policy === "Never") return false;
  return exitCode !== 0 || (policy === "Always" && !isInit);
}

async function latestAttempt({ podFolder, container, known }: ContainerTask): Promise<number> {
  const names = await readdir(join(podFolder, "containers", container().name)).catch(() => []);
  const numbers = names.map(Number).filter(Number.isInteger);
  return Math.max(0, ...numbers, known.kind === "none" ? 0 : known.restarts);
}

/** One run, found or started, to its end. undefined: it was not started because the pod ends. */
async function runOnce(
  task: ContainerTask,
  attempt: number,
  last: Termination | undefined,
): Promise<Termination | undefined> {
  const folder = runFolderOf(task.podFolder, task.container().name, attempt);
  const tell = (state: ContainerState) => task.tell({ state, restarts: attempt, last });
  const begun = await beginRun(task, { folder, attempt, tell });
  if (begun === undefined) return undefined;
  if ("exitCode" in begun) {
    tell({ kind: "terminated", ...begun });
    return begun;
  }
  tell({ kind: "running", startedAt: begun.startedAt });
  const removed = removeOutdated(task.podFolder, task.container().name).catch((error: unknown) =>
    task.context.log.warn({ folder, error }, "removing earlier runs"),
  );
  const end = await supervise(begun, task, folder);
  await removed;
  const ended = await terminationOf(end, { startedAt: begun.startedAt, folder, task });
  tell({ kind: "terminated", ...ended });
  return ended;
}

interface Attempt {
  readonly folder: string;
  readonly attempt: number;
  readonly tell: (state: ContainerState) => void;
}

async function beginRun(task: ContainerTask, attempt: Attempt): Promise<Run | Termination | undefined> {
  const { folder } = attempt;
  const found = await findRun(folder);
  if (found.kind === "running") return found.run;
  if (found.kind === "ended") {
    return await terminationOf(found.end, { startedAt: found.startedAt, folder, task });
  }
  const { known } = task;
  if (known.kind === "ended" && known.restarts === attempt.attempt) return known.end;
  if (known.kind === "started" && known.restarts === attempt.attempt) {
    return await terminationOf(undefined, { startedAt: known.startedAt, folder, task });
  }
  return await startWhenPossible(task, attempt);
}

async function startWhenPossible(
  task: ContainerTask,
  { folder, tell }: Attempt,
): Promise<Run | Termination | undefined> {
  const { context, ending, podFolder, places } = task;
  if (task.isInit && task.container().restartPolicy === "Always") {
    return refusal("this node runs no init container beside the others (restartPolicy Always)");
  }
  for (let tries = 1; !ending.asked.aborted; tries++) {
    const [pod, container] = [task.pod(), task.container()];
    const launched = await launch({ pod, container, podFolder, runFolder: folder, places }, context).catch(
      (error: unknown) => ({ kind: "lacking", message: describe(error) }) as const,
    );
    if (launched.kind === "started") {
      void record(task, "Normal", "Started", `Started container ${container.name}`);
      return launched.run;
    }
    if (launched.kind === "refused") return refusal(launched.message);
    await tellWaiting(task, { launched, tries, tell });
    const backOff = launched.kind === "lacking" ? lackingBackOff : context.restartBackOff;
    if (await waitBackOff(task, tries, backOff)) return undefined;
  }
  return undefined;
}

interface Failing {
  readonly launched: Exclude<Launch, { readonly kind: "started" | "refused" }>;
  readonly tries: number;
  readonly tell: (state: ContainerState) => void;
}

async function tellWaiting(task: ContainerTask, { launched, tries, tell }: Failing): Promise<void> {
  const { message } = launched;
  const image = task.container().image ?? "";
  if (launched.kind === "lacking") {
    void record(task, "Warning", "Failed", `Error: ${message}`);
    return tell({ kind: "waiting", reason: "CreateContainerConfigError", message });
  }
  void record(task, "Warning", "Failed", `Failed to pull image "${image}": ${message}`);
  if (tries === 1) return tell({ kind: "waiting", reason: "ErrImagePull", message });
  const backOff = `Back-off pulling image "${image}": ErrImagePull: ${message}`;
  return tell({ kind: "waiting", reason: "ImagePullBackOff", message: backOff });
}

function refusal(message: string): Termination {
  const now = new Date();
  return { exitCode: 128, reason: "StartError", message, startedAt: now, finishedAt: now };
}

/** Whether the pod began to end meanwhile. */
async function waitBackOff({ ending }: ContainerTask, tries: number, backOff: BackOff): Promise<boolean> {
  await pause(backOffMs(tries, 1, backOff), ending.asked).catch(() => undefined);
  return ending.asked.aborted;
}

/** Waits for the end of a run, and ends it when it has to. */
async function supervise(
  run: Run,
  { container, context, ending }: ContainerTask,
  folder: string,
): Promise<RunEnd | undefined> {
  const limit = container().resources?.limits?.["memory"];
  const unwatch = limit === undefined ? undefined : context.memory.watch(run, amountOf(limit));
  const over = new AbortController();
  const marks = keepMarks(folder, over).catch((error: unknown) =>
    context.log.warn({ folder, error }, "watching a log"),
  );
  const ask = () => void run.terminate();
  const force = () => void run.kill();
  onAbort(ending.asked, ask);
  onAbort(ending.forced, force);
  try {
    return await run.ended;
  } finally {
    ending.asked.removeEventListener("abort", ask);
    ending.forced.removeEventListener("abort", force);
    unwatch?.();
    over.abort();
    await marks;
  }
}

function onAbort(signal: AbortSignal, call: () => void): void {
  if (signal.aborted) call();
  else signal.addEventListener("abort", call, { once: true });
}

interface Ended {
  readonly startedAt: Date;
  readonly folder: string;
  readonly task: ContainerTask;
}

const lost = "the container's process was gone when its node came back, and left no exit status";

async function terminationOf(end: RunEnd | undefined, { startedAt, folder, task }: Ended): Promise<Termination> {
  if (end === undefined) {
    const finishedAt = new Date();
    return { exitCode: 137, reason: "ContainerStatusUnknown", message: lost, startedAt, finishedAt };
  }
  const { exitCode, finishedAt } = end;
  const reason = end.reason ?? (exitCode === 0 ? "Completed" : "Error");
  return { exitCode, reason, message: await messageOf(folder, task.container(), exitCode), startedAt, finishedAt };
}

/** What the container says at its end: a file, or the end of its log; as much as a kubelet takes. */
async function messageOf(folder: string, container: PodContainer, exitCode: number): Promise<string | undefined> {
  const written = await readFile(join(folder, "message")).catch(() => Buffer.alloc(0));
  if (written.length > 0) return written.subarray(0, 4096).toString("utf8");
  if (container.terminationMessagePolicy !== "FallbackToLogsOnError" || exitCode === 0) return undefined;
  return await logTail(folder, { lines: 80, bytes: 2048 });
}

async function record({ pod, context }: ContainerTask, type: "Normal" | "Warning", reason: string, message: string) {
  await context.recorder.event(pod(), { type, reason, message });
}
