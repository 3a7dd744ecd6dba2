import { subscribe, unsubscribe } from "node:diagnostics_channel";

/**
 * The process that `start` starts before it returns: the only one, or none is known. Node tells of each under the name
 * "child_process"; nothing else of this thread runs meanwhile.
 */
export function startedPid<T>(start: () => T): { readonly result: T; readonly pid: number | undefined } {
  const started: object[] = [];
  const note = (message: unknown): void => {
    if (typeof message === "object" && message !== null && "process" in message && message.process instanceof Object) {
      started.push(message.process);
    }
  };
  subscribe("child_process", note);
  try {
    const result = start();
    // it has its number only after Node told of it
    const [child, ...others] = started;
    const pid = child !== undefined && others.length === 0 && "pid" in child ? child.pid : undefined;
    return { result, pid: typeof pid === "number" ? pid : undefined };
  } finally {
    unsubscribe("child_process", note);
  }
}
