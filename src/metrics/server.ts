import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { describe, Failure } from "../kit/failures.ts";
import { expositionType } from "./exposition.ts";

export interface MetricsServerOptions {
  /** Which address to listen on; 0.0.0.0 or :: in a pod. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Of /metrics. */
  readonly text: () => string;
  /** Of /readyz: why not, or undefined when it is ready. */
  readonly whyNotReady: () => string | undefined;
}

export interface MetricsServer extends AsyncDisposable {
  /** The one that it listens on. */
  readonly port: number;
}

/** Serves /metrics, /livez and /readyz. Throws `configuration-invalid` when it cannot listen there. */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer((request, response) => send(response, answerTo(request, options)));
  // a scrape is short; what stays open longer is not one
  server.requestTimeout = 10_000;
  server.headersTimeout = 10_000;
  const port = await listen(server, options);
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

function answerTo({ method, url = "" }: IncomingMessage, options: MetricsServerOptions): Answer {
  if (method !== "GET" && method !== "HEAD") return { status: 405, text: "only GET\n" };
  switch (url.split("?")[0]) {
    case "/livez":
      return { status: 200, text: "ok\n" };
    case "/readyz": {
      const reason = options.whyNotReady();
      return reason === undefined ? { status: 200, text: "ok\n" } : { status: 503, text: `${reason}\n` };
    }
    case "/metrics":
      return metrics(options);
    default:
      return { status: 404, text: "there is /metrics, /livez and /readyz\n" };
  }
}

function metrics({ text }: MetricsServerOptions): Answer {
  try {
    return { status: 200, text: text(), type: expositionType };
  } catch (error) {
    return { status: 500, text: `${describe(error)}\n` };
  }
}

function send(response: ServerResponse, { status, text, type = "text/plain; charset=utf-8" }: Answer): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

async function listen(server: Server, { host, port }: MetricsServerOptions): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    const hint = "choose another port, or end what listens there";
    throw new Failure("configuration-invalid", `serving metrics on ${host}:${port}`, { cause: error, hint });
  }
  const address = server.address();
  return address === null || typeof address === "string" ? port : address.port;
}
