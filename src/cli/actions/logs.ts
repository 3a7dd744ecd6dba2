import { createInterface } from "node:readline";
import { backupJobName, restoreJobName } from "../../api/names.ts";
import { Failure } from "../../kit/failures.ts";
import { type Pod, pods } from "../../kube/core.ts";
import { KubeFailure } from "../../kube/failure.ts";
import { objectPath, query } from "../../kube/paths.ts";
import { pause } from "../../kube/requests.ts";
import { type ClusterDesk, openDesk } from "../cluster-desk.ts";
import type { ServedKind } from "../cluster-kinds.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { LogsOptions } from "../commands/logs.ts";
import { newestFirst, requireConfiguration, sessionsOf } from "../invoker.ts";
import { missingObject, requireObject } from "../missing-object.ts";
import { visibleSentence } from "../visible.ts";
import { ended, valueAt } from "../wished-state.ts";

const pauseMs = 1_000;
/** A step may say nothing for long. */
const silenceMs = 24 * 3_600_000;

export async function showLogs(
  context: CommandContext,
  options: LogsOptions,
  operands: readonly string[],
): Promise<Outcome> {
  await using desk = openDesk(context, options, { silenceMs });
  const pod = await podFor(desk, operands, options);
  const steps = stepsOf(pod, options.container);
  const isAlone = steps.length === 1;
  const { printer } = context;
  const shown: { readonly container: string; readonly lines: string[] }[] = [];
  const tell = (container: string) => {
    const lines: string[] = [];
    shown.push({ container, lines });
    return (line: string) => {
      lines.push(...(options.follow ? [] : [line]));
      printer.lines(isAlone ? shownLine(line) : `[${container}] ${shownLine(line)}`);
      if (options.follow) printer.record({ container, line });
    };
  };
  for (const container of steps) {
    const tellLine = tell(container);
    if (options.follow) await followLog(desk, pod, { container, options, tellLine });
    else if (!(await readLog(desk, pod, { container, options, tellLine })))
      printer.note(`container ${container} has not begun`);
  }
  if (!options.follow) printer.document({ namespace: desk.namespace, pod: pod.metadata.name, containers: shown });
  return undefined;
}

function shownLine(line: string): string {
  return line.split("\t").map(visibleSentence).join("\t");
}

/** In the order in which they run. */
function stepsOf({ spec, metadata }: Pod, wanted: string | undefined): readonly string[] {
  const all = [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name);
  if (wanted === undefined) return all;
  if (all.includes(wanted)) return [wanted];
  throw new Failure("object-not-found", `Pod ${metadata.name} has no container ${wanted}`, {
    hint: `it has ${all.join(", ")}`,
  });
}

interface Reading {
  readonly container: string;
  readonly options: LogsOptions;
  readonly tellLine: (line: string) => void;
}

/** False: the container has not begun. */
async function readLog(desk: ClusterDesk, pod: Pod, { container, options, tellLine }: Reading): Promise<boolean> {
  const { follow, tail } = options;
  const key = { namespace: desk.namespace, name: pod.metadata.name ?? "" };
  const path = `${objectPath(pods, key, "log")}${query({ container, tailLines: tail, follow: follow ? true : undefined })}`;
  const action = `reading the log of ${container} in Pod ${key.name}`;
  const order = { method: "GET", path, action, accept: "text/plain, */*", isWatch: true, signal: desk.signal };
  try {
    const { body } = await desk.requests.open(order);
    for await (const line of createInterface({ input: body })) tellLine(line);
    desk.signal.throwIfAborted();
    return true;
  } catch (error) {
    if (KubeFailure.isReason(error, "BadRequest")) return false;
    throw error;
  }
}

async function followLog(desk: ClusterDesk, pod: Pod, reading: Reading): Promise<void> {
  const key = { namespace: desk.namespace, name: pod.metadata.name ?? "" };
  while (!(await readLog(desk, pod, reading))) {
    const now = await desk.cluster.get(pods, key, desk);
    if (now === undefined || ["Succeeded", "Failed"].includes(now.status?.phase ?? "")) return;
    await pause(pauseMs, desk.signal);
  }
}

interface Owner {
  readonly kind: ServedKind;
  readonly name: string;
}

/** The pod of what is named; with --follow it is waited for. */
async function podFor(desk: ClusterDesk, operands: readonly string[], { follow }: LogsOptions): Promise<Pod> {
  const owner = await ownerOf(desk, operands);
  for (;;) {
    const found = await newestPod(desk, owner);
    if (found !== undefined) return found;
    const object = await requireObject(desk, owner.kind, owner.name);
    if (!follow || ended(object)) throw noPod(desk, owner, object);
    await pause(pauseMs, desk.signal);
  }
}

/** A pod that failed is cleared away, and then the session's status has the end of its log. */
function noPod({ namespace }: ClusterDesk, { kind, name }: Owner, object: unknown): Failure {
  const error =
    valueAt(object, ["status", "targets", "0", "stats", "0", "error"]) ??
    valueAt(object, ["status", "stats", "0", "error"]);
  const said = typeof error === "string" ? `; it ended with: ${error}` : "";
  return new Failure("object-not-found", `${kind.kind} ${namespace}/${name} has no pod, or none any more${said}`, {
    hint: `see: coldstream describe ${kind.singular} ${name} -n ${namespace}`,
  });
}

async function newestPod(desk: ClusterDesk, { kind, name }: Owner): Promise<Pod | undefined> {
  const { namespace } = desk;
  if (kind.kind === "Pod") return await desk.cluster.get(pods, { namespace, name }, desk);
  const job =
    kind.kind === "BackupSession" ? backupJobName(name) : kind.kind === "RestoreSession" ? restoreJobName(name) : name;
  const { items } = await desk.cluster.list(pods, { namespace, labelSelector: `job-name=${job}` }, desk);
  return newestFirst(items)[0];
}

const tried = ["backupsession", "restoresession", "job", "pod"];

/** `KIND/NAME`, `KIND NAME`, or a name that is looked for among sessions, Jobs and pods. */
async function ownerOf(desk: ClusterDesk, operands: readonly string[]): Promise<Owner> {
  const [first = "", second] = operands.flatMap((operand) => operand.split("/"));
  if (second === undefined) return await guessed(desk, first);
  const kind = await desk.kinds.named(first);
  if (kind.kind !== "BackupConfiguration") return { kind, name: second };
  const [newest] = await sessionsOf(desk, await requireConfiguration(desk, operands));
  if (newest === undefined) throw new Failure("object-not-found", `BackupConfiguration ${second} has no session yet`);
  return { kind: await desk.kinds.named("backupsession"), name: newest.metadata.name ?? "" };
}

async function guessed(desk: ClusterDesk, name: string): Promise<Owner> {
  for (const word of tried) {
    const kind = await desk.kinds.named(word);
    try {
      if ((await desk.cluster.get(kind, { namespace: desk.namespace, name }, desk)) !== undefined)
        return { kind, name };
    } catch (error) {
      if (!KubeFailure.isReason(error, "NotServed", "Forbidden")) throw error;
    }
  }
  throw await missingObject(desk, await desk.kinds.named("backupsession"), name);
}
