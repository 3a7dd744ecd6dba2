import { type RawData, WebSocket } from "ws";
import { z } from "zod";
import { bracketed } from "../kit/hosts.ts";
import type { Waiting } from "./cluster.ts";
import { KubeFailure, refusalOf, Status, unreachable } from "./failure.ts";
import { type Key, keyText } from "./resource.ts";
import type { ClusterSettings } from "./settings.ts";
import { type Answer, destinationOf, identityOf, interrupted, readBody } from "./transport.ts";

export interface ExecRequest {
  readonly pod: Key;
  /** undefined: the pod's default. */
  readonly container?: string | undefined;
  readonly command: readonly string[];
}

/** How a command in a container ended; of what it printed, the end. */
export interface ExecEnd {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Newest first; servers before 1.30 know only the second. */
const protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
/** First byte of every message. */
const channels = { stdout: 1, stderr: 2, error: 3 } as const;
const tailBytes = 4096;
const refusalBytes = 64 * 1024;

/**
 * Runs a command in a container of a pod, without input. An exit status that is not zero is an outcome; a KubeFailure is
 * thrown when the command could not be run or nobody knows how it ended. An abort ends the connection: the command itself
 * may go on, for Kubernetes has no way to end it.
 */
export async function exec(settings: ClusterSettings, request: ExecRequest, { signal }: Waiting): Promise<ExecEnd> {
  const action = `running ${JSON.stringify(request.command[0] ?? "")} in Pod ${keyText(request.pod)}`;
  try {
    return await attempt(settings, request, { action, signal });
  } catch (error) {
    const isStale = KubeFailure.isReason(error, "Unauthorized") && settings.renew !== undefined;
    if (!isStale || !(await settings.renew?.())) throw error;
    return await attempt(settings, request, { action, signal });
  }
}

interface Doing extends Waiting {
  readonly action: string;
}

async function attempt(settings: ClusterSettings, request: ExecRequest, { action, signal }: Doing): Promise<ExecEnd> {
  if (signal.aborted) throw interrupted(signal, action);
  const socket = await dial(settings, pathOf(request));
  const onAbort = () => socket.terminate();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await conversation(socket, action);
  } catch (error) {
    if (signal.aborted) throw interrupted(signal, action);
    throw error instanceof KubeFailure ? error : unreachable(action, settings.server, error);
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.terminate();
  }
}

function pathOf({ pod, container, command }: ExecRequest): string {
  const asked = new URLSearchParams(command.map((word): [string, string] => ["command", word]));
  if (container !== undefined && container !== "") asked.set("container", container);
  asked.set("stdout", "true");
  asked.set("stderr", "true");
  const place = `namespaces/${encodeURIComponent(pod.namespace ?? "")}/pods/${encodeURIComponent(pod.name)}`;
  return `/api/v1/${place}/exec?${asked}`;
}

async function dial(settings: ClusterSettings, path: string): Promise<WebSocket> {
  const { url, base, isTls, place, check } = destinationOf(settings);
  const identity = await identityOf(settings);
  const { host, port, ...trust } = place;
  const address = `${isTls ? "wss" : "ws"}://${bracketed(host)}:${port}${base}${path}`;
  return new WebSocket(address, protocols, {
    ...trust,
    ...check,
    ...identity.tls,
    headers: { host: url.host, "user-agent": "coldstream", ...identity.headers },
    perMessageDeflate: false,
    followRedirects: false,
  });
}

/** Until the server says how the command ended. */
function conversation(socket: WebSocket, action: string): Promise<ExecEnd> {
  const printed = { [channels.stdout]: tail(), [channels.stderr]: tail() };
  return new Promise((resolve, reject) => {
    socket.on("unexpected-response", (_request, answer) => {
      refusal(answer, action).then(reject, reject);
    });
    socket.on("message", (data: RawData) => {
      const message = bytesOf(data);
      const [channel] = message;
      const content = message.subarray(1);
      if (channel === channels.stdout || channel === channels.stderr) printed[channel].add(content);
      if (channel !== channels.error || content.length === 0) return;
      const [stdout, stderr] = [printed[channels.stdout].text(), printed[channels.stderr].text()];
      try {
        resolve({ exitCode: exitCodeOf(content.toString("utf8"), action), stdout, stderr });
      } catch (error) {
        reject(error);
      }
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the connection ended before the command did")));
  });
}

async function refusal(answer: Answer["body"], action: string): Promise<KubeFailure> {
  const status = answer.statusCode ?? 0;
  const body = await readBody({ status, retryAfter: undefined, body: answer }, refusalBytes);
  return refusalOf({ action, status, body });
}

const End = Status.extend({
  status: z.string().nullish(),
  details: z
    .looseObject({
      causes: z.array(z.looseObject({ reason: z.string().nullish(), message: z.string().nullish() })).nullish(),
    })
    .nullish(),
}).omit({ kind: true });

/** Throws when the command was not run: no such container, no such program. */
function exitCodeOf(text: string, action: string): number {
  const end = End.safeParse(parsed(text)).data;
  if (end?.status === "Success") return 0;
  const code = end?.details?.causes?.find(({ reason }) => reason === "ExitCode")?.message ?? "";
  if (/^\d+$/.test(code)) return Number(code);
  const said = (end?.message ?? text).replaceAll(/\s+/g, " ").trim();
  throw new KubeFailure("cluster-refused", `${action}: ${said}`, {
    ...{ status: end?.code ?? 0, reason: end?.reason ?? "InternalError" },
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Keeps the end of what goes through. */
function tail() {
  let kept = Buffer.alloc(0);
  return {
    add(content: Buffer): void {
      kept = Buffer.concat([kept, content.subarray(-tailBytes)]).subarray(-tailBytes);
    },
    text: (): string => kept.toString("utf8"),
  };
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
