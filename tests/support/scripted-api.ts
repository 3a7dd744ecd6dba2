import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { Socket } from "node:net";
import type { ClusterSettings, Limits } from "../../src/kube/settings.ts";

/** A server that answers each request with the next step of a script, the last one for good; it need not behave. */
export interface ScriptedApi extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** What came, in order. */
  readonly requests: readonly SeenRequest[];
  /** How many connections were made. */
  readonly connections: () => number;
  /** For openCluster; with limits that are good for tests. */
  settings(more?: Partial<ClusterSettings>): ClusterSettings;
  /** Cuts every connection. */
  cut(): void;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Step = (response: ServerResponse, request: SeenRequest) => void;

/** Short enough for a test, long enough for a busy machine. */
const limits: Partial<Limits> = { requestMs: 2_000, retryMs: 5_000, silenceMs: 2_000 };

export async function startScriptedApi(steps: readonly Step[], tls?: ServerOptions): Promise<ScriptedApi> {
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    const step = steps[Math.min(requests.length, steps.length - 1)];
    const seen = await read(request);
    // numbered by arrival, however long the body takes
    requests.push(seen);
    step?.(response, seen);
  };
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.on("connection", (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${address.port}`;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url,
    port: address.port,
    requests,
    connections: () => connections,
    settings: (more) => ({ server: url, ...more, limits: { ...limits, ...more?.limits } }),
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(request: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://any");
  return {
    method: request.method ?? "",
    path: pathname,
    query: searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Step {
  return (response) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** What API servers send instead of an object. */
export function refusal(code: number, reason: string, more: Readonly<Record<string, unknown>> = {}) {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: `it is ${reason}`, ...more };
}

/** The lines of a watch; the connection stays open unless `end` says otherwise. */
export function lines(events: readonly unknown[], end: "stay" | "close" | "cut" = "stay"): Step {
  return (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    for (const event of events) response.write(typeof event === "string" ? event : `${JSON.stringify(event)}\n`);
    response.flushHeaders();
    if (end === "close") response.end();
    if (end === "cut") setTimeout(() => response.socket?.destroy(), 20);
  };
}

export const silence: Step = () => undefined;
export const hangUp: Step = (response) => response.socket?.destroy();
