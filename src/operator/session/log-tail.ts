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

const stars = "***";
const key = String.raw`[\w.-]*(?:password|passwd|secret|token|credential|access[_-]?key|account[_-]?key|private[_-]?key|nkey|seed)[\w.-]*`;

/** Programs of ours print no secrets; a hook's may, and so may a library's message. */
export function redact(text: string): string {
  return (
    text
      .replaceAll(/-----BEGIN [A-Z ]*(?:PRIVATE KEY|SEED|JWT)-----[\s\S]*?(?:-----END [A-Z ]*-----|$)/g, stars)
      // credentials in an address
      .replaceAll(/(\w+:\/\/)[^\s/@:]*(?::[^\s/@]*)?@/g, `$1${stars}@`)
      .replaceAll(/\b(Bearer|Basic)\s+[\w+/=.~-]{8,}/gi, `$1 ${stars}`)
      .replaceAll(/\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, stars)
      // NATS seeds
      .replaceAll(/\bS[ACNOUX][A-Z2-7]{56}\b/g, stars)
      .replaceAll(/\bAKIA[A-Z0-9]{16}\b/g, stars)
      .replaceAll(new RegExp(String.raw`("?\b${key}"?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;}]+)`, "gi"), `$1${stars}`)
  );
}
