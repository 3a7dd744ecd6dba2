import { createServer } from "node:https";
import { pipeline } from "node:stream/promises";
import { type Certificate, longSince, makeSelfSigned } from "../kit/certificate.ts";
import { readLog } from "./log-file.ts";
import { logQueryOf } from "./log-lines.ts";

export interface LogPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The run before the one that runs. */
  readonly previous: boolean;
}

export type LogFound =
  | { readonly kind: "found"; readonly folder: string; readonly isOver: () => boolean }
  /** `status`: HTTP's. */
  | { readonly kind: "none"; readonly status: 400 | 404; readonly message: string };

export interface LogServerOptions {
  readonly node: string;
  readonly address: string;
  readonly find: (place: LogPlace) => LogFound;
  /** PEM of the authority whose clients alone are answered; without it everyone on this machine is. */
  readonly clientAuthority?: string | undefined;
  readonly signal: AbortSignal;
}

export interface LogServer extends AsyncDisposable {
  readonly port: number;
}

interface Answer {
  readonly status: number;
  readonly body: string | AsyncIterable<Uint8Array>;
}

/** Serves logs as a kubelet does, so that `kubectl logs` works through any API server. */
export async function serveLogs(options: LogServerOptions): Promise<LogServer> {
  const { certificate, key } = await makeCertificate(options);
  const { clientAuthority } = options;
  const trust =
    clientAuthority === undefined ? {} : { ca: clientAuthority, requestCert: true, rejectUnauthorized: true };
  const server = createServer({ cert: certificate, key, ...trust }, (request, response) => {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const signal = AbortSignal.any([options.signal, gone.signal]);
    const { status, body } = answerTo(request.url ?? "/", { ...options, signal });
    response.writeHead(status, { "content-type": "text/plain" });
    if (typeof body === "string") return response.end(body);
    // so that a follower of a silent log sees that it is connected
    response.flushHeaders();
    pipeline(body, response).catch(() => response.destroy());
    return undefined;
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, options.address, resolve);
  });
  return {
    port: portOf(server.address()),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answerTo(url: string, { find, signal }: LogServerOptions): Answer {
  const { pathname, searchParams } = new URL(url, "https://node");
  const names = namesOf(pathname);
  if (names === undefined) return { status: 400, body: "the path cannot be read\n" };
  const [what, namespace, pod, container, ...rest] = names;
  if (what === "healthz") return { status: 200, body: "ok" };
  if (["exec", "attach", "portForward", "run", "cri"].includes(what ?? "")) {
    return { status: 501, body: `${what} is not possible here: containers run as plain processes on this node\n` };
  }
  const isLog = what === "containerLogs" && namespace && pod && container && rest.length === 0;
  if (!isLog) return { status: 404, body: "404 page not found\n" };
  const query = logQueryOf(searchParams, new Date());
  if (query === undefined) return { status: 400, body: "a number or a time in the query is none\n" };
  const found = find({ namespace, pod, container, previous: query.previous });
  if (found.kind === "none") return { status: found.status, body: `${found.message}\n` };
  return { status: 200, body: readLog(found.folder, { query, isOver: found.isOver, signal }) };
}

/** undefined: it is not encoded as paths are. */
function namesOf(path: string): readonly string[] | undefined {
  try {
    return path.split("/").slice(1).map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

async function makeCertificate({ node, address }: LogServerOptions): Promise<Certificate> {
  const day = 86_400_000;
  const times = { notBefore: longSince, notAfter: new Date(Date.now() + 3650 * day) };
  return await makeSelfSigned({ name: `system:node:${node}`, hosts: [node], addresses: [address], ...times });
}

function portOf(address: string | { readonly port: number } | null): number {
  if (address === null || typeof address === "string") throw new TypeError("the log server has no port");
  return address.port;
}
