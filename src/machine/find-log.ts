import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { LogFound, LogPlace } from "./log-server.ts";
import { runFolderOf } from "./runs.ts";
import type { Worker } from "./worker.ts";

/** Where the log of a container of one of these pods lies. */
export function findLog(workers: ReadonlyMap<string, Worker>): (place: LogPlace) => LogFound {
  return ({ namespace, pod, container, previous }) => {
    const found = [...workers.values()].filter((worker) => {
      const { metadata } = worker.pod();
      return metadata.name === pod && metadata.namespace === namespace;
    });
    // the newest of that name
    const worker = found.at(-1);
    if (worker === undefined) return { kind: "none", status: 404, message: `pod "${pod}" not found on this node` };
    const view = worker.view();
    const one = [...view.initContainers, ...view.containers].find((each) => each.container.name === container);
    if (one === undefined) {
      return { kind: "none", status: 404, message: `container ${container} is not valid for pod ${pod}` };
    }
    const attempts = attemptsOf(join(worker.folder, "containers", container));
    const attempt = attempts.at(previous ? -2 : -1);
    if (attempt === undefined) return missing(place(pod, container), previous, one.state);
    const isCurrent = attempt === attempts.at(-1);
    const isOver = () => !isCurrent || !isRunning(worker, container, attempt);
    return { kind: "found", folder: runFolderOf(worker.folder, container, attempt), isOver };
  };
}

function place(pod: string, container: string): string {
  return `container "${container}" in pod "${pod}"`;
}

function missing(
  what: string,
  previous: boolean,
  state: { readonly kind: string; readonly reason?: string },
): LogFound {
  if (previous) return { kind: "none", status: 400, message: `previous terminated ${what} not found` };
  return { kind: "none", status: 400, message: `${what} is waiting to start: ${state.reason ?? state.kind}` };
}

function isRunning(worker: Worker, container: string, attempt: number): boolean {
  const view = worker.view();
  const one = [...view.initContainers, ...view.containers].find((each) => each.container.name === container);
  return one?.restarts === attempt && one.state.kind === "running";
}

/** Those that have begun. */
function attemptsOf(folder: string): readonly number[] {
  try {
    return readdirSync(folder)
      .map(Number)
      .filter(Number.isInteger)
      .toSorted((a, b) => a - b);
  } catch {
    return [];
  }
}
