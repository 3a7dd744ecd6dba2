import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { describe, Failure } from "../kit/failures.ts";
import { bracketed, listenHint } from "../kit/hosts.ts";
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
  const { host, port } = options;
  return await serve({ host, port, what: "metrics", answer: async (asked) => answerTo(asked, options) });
}

export interface Asked {
  readonly method: string;
  /** As it was sent, without what follows a "?". */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** undefined: longer than a push may be, 4 MiB. */
  body(): Promise<string | undefined>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  /** For the sentence that says where it cannot listen. */
  readonly what: string;
  readonly answer: (asked: Asked) => Promise<Answer>;
}

const mostBodyBytes = 4 * 1024 * 1024;

/** What fails while it is answered is answered 500. */
export async function serve(options: ServeOptions): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    const asked = { method, path: url.split("?")[0] ?? "", headers, body: async () => await readBody(request) };
    const failed = (error: unknown): Answer => ({ status: 500, text: `${describe(error)}\n` });
    options.answer(asked).then(
      (answer) => send(response, answer),
      (error: unknown) => send(response, failed(error)),
    );
  });
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

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    if (!Buffer.isBuffer(part)) continue;
    bytes += part.length;
    // read to its end all the same: the answer would not be seen else
    if (bytes <= mostBodyBytes) parts.push(part);
    else if (bytes > 4 * mostBodyBytes) break;
  }
  return bytes > mostBodyBytes ? undefined : Buffer.concat(parts).toString("utf8");
}

function answerTo({ method, path }: Asked, options: MetricsServerOptions): Answer {
  if (method !== "GET" && method !== "HEAD") return { status: 405, text: "only GET\n" };
  switch (path) {
    case "/livez":
      return { status: 200, text: "ok\n" };
    case "/readyz": {
      const reason = options.whyNotReady();
      return reason === undefined ? { status: 200, text: "ok\n" } : { status: 503, text: `${reason}\n` };
    }
    case "/metrics":
      return { status: 200, text: options.text(), type: expositionType };
    default:
      return { status: 404, text: "there is /metrics, /livez and /readyz\n" };
  }
}

function send(response: ServerResponse, { status, text, type = "text/plain; charset=utf-8" }: Answer): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

async function listen(server: Server, { host, port, what }: ServeOptions): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    const hint = listenHint(error, "--metrics-address");
    throw new Failure("configuration-invalid", `serving ${what} on ${bracketed(host)}:${port}`, { cause: error, hint });
  }
  const address = server.address();
  return address === null || typeof address === "string" ? port : address.port;
}
