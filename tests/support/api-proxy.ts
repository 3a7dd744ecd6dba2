import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { join } from "node:path";
import type { ControlPlane } from "./control-plane.ts";

/** A request as it reached the proxy. */
export interface ProxiedRequest {
  readonly method: string;
  /** Query included. */
  readonly path: string;
  readonly isWatch: boolean;
  readonly isWrite: boolean;
}

/** What is done to a request. */
export type Trouble =
  /** Answered in the API server's place. */
  | { readonly is: "refused"; readonly status: number; readonly retryAfterSeconds?: number }
  /** The connection breaks before the API server has it. */
  | { readonly is: "cut" }
  /** The API server does it, and the answer is lost. */
  | { readonly is: "deaf" }
  /** Nothing is answered, and the connection stays. */
  | { readonly is: "silent" }
  /** A watch breaks, says 410, or says nothing more, after a while. */
  | { readonly is: "broken" | "expired" | "mute"; readonly afterMs: number };

export interface HandledRequest extends ProxiedRequest {
  /** performance.now() */
  readonly atMs: number;
  readonly trouble: Trouble | undefined;
  /** undefined: no answer was passed on (yet). */
  status: number | undefined;
}

export interface ApiProxy extends AsyncDisposable {
  readonly url: string;
  /** All so far. */
  readonly handled: readonly HandledRequest[];
}

/** Stands between a client and the API server, with the same certificate. Without `trouble` it only takes notes. */
export async function startApiProxy(
  plane: ControlPlane,
  trouble: (request: ProxiedRequest) => Trouble | undefined = () => undefined,
): Promise<ApiProxy> {
  const [cert, key] = await Promise.all(
    ["apiserver.crt", "apiserver.key"].map((name) => readFile(join(plane.folder, "certs", name))),
  );
  const agent = new HttpsAgent({ keepAlive: true });
  const handled: HandledRequest[] = [];
  const target = { host: "127.0.0.1", port: plane.port, ca: plane.ca, servername: "kubernetes", agent };
  const server = createServer({ cert, key }, (request, response) => {
    const seen = describe(request);
    const one: HandledRequest = { ...seen, atMs: performance.now(), trouble: trouble(seen), status: undefined };
    handled.push(one);
    response.on("close", () => request.destroy());
    response.on("error", () => undefined);
    request.on("error", () => undefined);
    const does = one.trouble;
    if (does?.is === "cut") return void request.socket.destroy();
    if (does?.is === "silent") return void request.resume();
    if (does?.is === "refused") return refuse(response, does);
    forward({ request, response, one, target });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    url: `https://127.0.0.1:${address.port}`,
    handled,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      agent.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function describe({ method = "", url = "" }: IncomingMessage): ProxiedRequest {
  return { method, path: url, isWatch: /[?&]watch=true/.test(url), isWrite: method !== "GET" };
}

const reasons: Readonly<Record<number, string>> = {
  409: "Conflict",
  410: "Expired",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
};

function statusText(code: number): string {
  const message = "the test's proxy says so";
  return JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", reason: reasons[code], code, message });
}

function refuse(response: ServerResponse, { status, retryAfterSeconds }: Extract<Trouble, { is: "refused" }>): void {
  const pause = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  response.writeHead(status, { "content-type": "application/json", ...pause }).end(statusText(status));
}

interface Forwarding {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly one: HandledRequest;
  readonly target: object;
}

function forward({ request, response, one, target }: Forwarding): void {
  const { method, path, trouble } = one;
  const cut = () => void response.socket?.destroy();
  const onward = httpsRequest({ ...target, method, path, headers: request.headers }, (answer) => {
    answer.on("error", cut);
    if (trouble?.is === "deaf") return void answer.resume().on("end", cut);
    one.status = answer.statusCode;
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
    if (trouble === undefined || !("afterMs" in trouble)) return;
    const timer = setTimeout(() => {
      answer.unpipe(response);
      answer.resume();
      if (trouble.is === "broken") cut();
      if (trouble.is === "expired") response.end(`{"type":"ERROR","object":${statusText(410)}}\n`);
    }, trouble.afterMs);
    answer.on("close", () => clearTimeout(timer));
  });
  onward.on("error", cut);
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}
