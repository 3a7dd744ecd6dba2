import { redact } from "../../kit/redact.ts";
import type { Cluster, Waiting } from "../../kube/cluster.ts";
import type { Key } from "../../kube/resource.ts";
import type { Trouble } from "./pod-state.ts";

/** The end of a failed container's log, fit to stand in a status: short, and without what looks like a secret. */

const tailLines = 20;
/** Characters. A status is read by people and kept in etcd. */
const longest = 2000;

/** The sentence for the status. A log that cannot be read is no reason to say nothing. */
export async function explain(
  cluster: Cluster,
  { namespace, trouble }: { readonly namespace: string; readonly trouble: Trouble },
  waiting: Waiting,
): Promise<string> {
  if (trouble.container === undefined) return trouble.message;
  const { pod, name } = trouble.container;
  const log = await readLog(cluster, { namespace, name: pod }, { ...waiting, container: name });
  return withLog(trouble.message, log);
}

/** A node that does not answer must not hold up the end of a session. */
const mostMs = 5000;

async function readLog(
  cluster: Cluster,
  pod: Key,
  { container, signal }: Waiting & { readonly container: string },
): Promise<string> {
  try {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(mostMs)]);
    return (await cluster.log(pod, { container, tailLines, signal: soon })) ?? "";
  } catch (error) {
    if (signal.aborted) throw error;
    return "";
  }
}

export function withLog(message: string, log: string): string {
  const lines = redact(log)
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .slice(-tailLines);
  const room = Math.max(0, longest - message.length);
  const text = lines.join("\n");
  // the last lines say most
  const end = text.length <= room ? text : `...${text.slice(text.length - room)}`;
  return end === "" ? message : `${message}; the end of its log:\n${end}`;
}
