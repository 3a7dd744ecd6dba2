import { ageColumn, type Column, column, nameColumn, wide } from "./columns.ts";
import { age } from "./columns-age.ts";
import { at, type JsonObject, type JsonValue, listAt, textAt } from "./json.ts";

/** What `kubectl get pods` shows, decided as Kubernetes' printPod decides it. */
export const podColumns: readonly Column[] = [
  nameColumn,
  column("Ready", (pod) => {
    const { ready } = summaryOf(pod);
    const lasting = listAt(pod, "spec", "initContainers").filter((each) => restarts(each));
    return `${ready}/${listAt(pod, "spec", "containers").length + lasting.length}`;
  }),
  column("Status", (pod) => summaryOf(pod).reason),
  column("Restarts", (pod, now) => {
    const { restarts: count, restarted } = summaryOf(pod);
    return count === 0 || restarted === "" ? String(count) : `${count} (${age(restarted, now)} ago)`;
  }),
  ageColumn,
  wide("IP", (pod) => textAt(listAt(pod, "status", "podIPs")[0], "ip") || "<none>"),
  wide("Node", (pod) => textAt(pod, "spec", "nodeName") || "<none>"),
  wide("Nominated Node", (pod) => textAt(pod, "status", "nominatedNodeName") || "<none>"),
  wide("Readiness Gates", readinessGates),
];

interface Summary {
  readonly reason: string;
  readonly ready: number;
  readonly restarts: number;
  /** When a container ended last before it was started again; "" when none was. */
  readonly restarted: string;
}

const phasesOfTheEnded = ["Succeeded", "Failed"];

function summaryOf(pod: JsonObject): Summary {
  const initial = initialSummary(pod);
  const isGoing = at(pod, "metadata", "deletionTimestamp") !== undefined;
  const summary = initial.waiting && !hasCondition(pod, "Initialized") ? initial : runningSummary(pod, initial);
  if (!isGoing) return summary;
  if (textAt(pod, "status", "reason") === "NodeLost") return { ...summary, reason: "Unknown" };
  if (phasesOfTheEnded.includes(textAt(pod, "status", "phase"))) return summary;
  return { ...summary, reason: "Terminating" };
}

interface Initial extends Summary {
  /** Whether an init container is still to end. */
  readonly waiting: boolean;
  /** Of those init containers that keep running. */
  readonly lasting: { readonly restarts: number; readonly restarted: string };
}

function initialSummary(pod: JsonObject): Initial {
  const statuses = listAt(pod, "status", "initContainerStatuses");
  const specs = listAt(pod, "spec", "initContainers");
  const isLasting = (status: JsonValue) =>
    specs.some((spec) => textAt(spec, "name") === textAt(status, "name") && restarts(spec));
  const stopped = statuses.findIndex((status) => !hasPassed(status, isLasting(status)));
  const looked = stopped === -1 ? statuses : statuses.slice(0, stopped + 1);
  const stop = statuses[stopped];
  const gated = listAt(pod, "status", "conditions").some(
    (each) => textAt(each, "type") === "PodScheduled" && textAt(each, "reason") === "SchedulingGated",
  );
  const reason = textAt(pod, "status", "reason") || textAt(pod, "status", "phase");
  return {
    waiting: stop !== undefined,
    reason:
      stop === undefined ? (gated ? "SchedulingGated" : reason) : initialReason(stop, `${stopped}/${specs.length}`),
    ready: looked.filter((each) => each !== stop && isLasting(each) && !ended(each) && at(each, "ready") === true)
      .length,
    ...restartsOf(looked),
    lasting: restartsOf(looked.filter(isLasting)),
  };
}

function hasPassed(status: JsonValue, isLasting: boolean): boolean {
  const end = at(status, "state", "terminated");
  if (end !== undefined && (at(end, "exitCode") ?? 0) === 0) return true;
  return isLasting && at(status, "started") === true;
}

function initialReason(status: JsonValue, progress: string): string {
  const end = at(status, "state", "terminated");
  if (end !== undefined) return `Init:${reasonOfEnd(end)}`;
  const waiting = textAt(status, "state", "waiting", "reason");
  return `Init:${waiting !== "" && waiting !== "PodInitializing" ? waiting : progress}`;
}

function runningSummary(pod: JsonObject, initial: Initial): Summary {
  const statuses = listAt(pod, "status", "containerStatuses");
  const isRunning = (each: JsonValue) =>
    textAt(each, "state", "waiting", "reason") === "" &&
    !ended(each) &&
    at(each, "ready") === true &&
    at(each, "state", "running") !== undefined;
  const running = statuses.filter(isRunning);
  // The first container has the last word, the first that failed the word on errors.
  const reason = statuses.map(reasonOfState).find((each) => each !== "") ?? initial.reason;
  const failed = statuses.find((each) => ended(each) && at(each, "state", "terminated", "exitCode") !== 0);
  const counts = restartsOf(statuses);
  return {
    reason: reason === "Completed" ? completedReason(pod, running.length > 0, failed) : reason,
    ready: initial.ready + running.length,
    restarts: initial.lasting.restarts + counts.restarts,
    restarted: [initial.lasting.restarted, counts.restarted].sort().at(-1) ?? "",
  };
}

function completedReason(pod: JsonObject, hasRunning: boolean, failed: JsonValue | undefined): string {
  if (hasRunning && hasCondition(pod, "Ready")) return "Running";
  if (failed !== undefined) return reasonOfState(failed);
  return hasRunning ? "NotReady" : "Completed";
}

function reasonOfState(status: JsonValue): string {
  const waiting = textAt(status, "state", "waiting", "reason");
  if (waiting !== "") return waiting;
  const end = at(status, "state", "terminated");
  return end === undefined ? "" : reasonOfEnd(end);
}

function reasonOfEnd(end: JsonValue): string {
  const reason = textAt(end, "reason");
  if (reason !== "") return reason;
  const signal = at(end, "signal") ?? 0;
  return signal === 0 ? `ExitCode:${at(end, "exitCode") ?? 0}` : `Signal:${signal}`;
}

function ended(status: JsonValue): boolean {
  return at(status, "state", "terminated") !== undefined;
}

function restartsOf(statuses: readonly JsonValue[]): { readonly restarts: number; readonly restarted: string } {
  const counts = statuses.map((each) => at(each, "restartCount"));
  const ends = statuses.map((each) => textAt(each, "lastState", "terminated", "finishedAt")).sort();
  return {
    restarts: counts.reduce<number>((sum, count) => sum + (typeof count === "number" ? count : 0), 0),
    restarted: ends.at(-1) ?? "",
  };
}

/** Of an init container: whether it is a sidecar. */
function restarts(container: JsonValue): boolean {
  return textAt(container, "restartPolicy") === "Always";
}

function hasCondition(pod: JsonObject, type: string): boolean {
  const found = listAt(pod, "status", "conditions").find((each) => textAt(each, "type") === type);
  return textAt(found, "status") === "True";
}

function readinessGates(pod: JsonObject): string {
  const gates = listAt(pod, "spec", "readinessGates");
  const open = gates.filter((gate) => hasCondition(pod, textAt(gate, "conditionType")));
  return gates.length === 0 ? "<none>" : `${open.length}/${gates.length}`;
}
