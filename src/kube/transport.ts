import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions, request as httpsRequest } from "node:https";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { Failure } from "../kit/failures.ts";
import { unbracketed } from "../kit/hosts.ts";
import type { ClusterSettings, Limits, Rotating } from "./settings.ts";

export interface Call {
  readonly method: string;
  /** From the slash on, query included. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  /** A watch has a connection of its own and may be silent for longer. */
  readonly isWatch?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: IncomingMessage;
}

/** HTTP to one server: one attempt a call, whatever comes back. */
export interface Transport {
  /** Rejects with the system's error when there is no answer, and with `interrupted` when the signal was aborted. */
  send(call: Call, options: { readonly signal: AbortSignal }): Promise<Answer>;
  close(): void;
}

export function openTransport(settings: ClusterSettings, limits: Limits, userAgent: string): Transport {
  const { url, base, isTls, place, check } = destinationOf(settings);
  const agents = agentsFor(isTls, limits, check);

  async function send(call: Call, { signal }: { readonly signal: AbortSignal }): Promise<Answer> {
    if (signal.aborted) throw interrupted(signal);
    const identity = await identityOf(settings);
    const options: RequestOptions = {
      ...place,
      ...identity.tls,
      method: call.method,
      path: `${base}${call.path}`,
      agent: call.isWatch === true ? agents.watches : agents.requests,
      timeout: call.isWatch === true ? limits.silenceMs : limits.requestMs,
      headers: { host: url.host, "user-agent": userAgent, ...headersOf(call), ...identity.headers },
      signal,
    };
    try {
      return await exchange(isTls ? httpsRequest : httpRequest, options, call);
    } catch (error) {
      throw signal.aborted ? interrupted(signal) : error;
    }
  }
  return {
    send,
    close() {
      agents.requests.destroy();
      agents.watches.destroy();
    },
  };
}

/** Where a server is dialled, and what its certificate has to be. */
export function destinationOf(settings: ClusterSettings) {
  const url = new URL(settings.server);
  const isTls = url.protocol === "https:";
  const name = settings.serverName ?? unbracketed(url.hostname);
  const place = { ...placeOf(url, settings), ...(isTls ? trustOf(name, settings) : {}) };
  return { url, base: url.pathname.replace(/\/+$/, ""), isTls, place, check: isTls ? checkOf(name) : {} };
}

/** The whole body as text. Rejects when it is cut off, silent for too long, or longer than `most` bytes. */
export async function readBody({ body }: Answer, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw new RangeError(`the answer is longer than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString("utf8");
}

/** What the signal says about why: a failure of the caller's, that time is up (AbortSignal.timeout), or an interruption. */
export function interrupted(signal: AbortSignal, action = "waiting"): Failure {
  const { reason } = signal;
  if (Failure.is(reason)) return reason;
  return reason instanceof DOMException && reason.name === "TimeoutError"
    ? new Failure("timed-out", `${action}: no answer in time`, { cause: reason })
    : new Failure("interrupted", "interrupted", { cause: reason });
}

/** A fresh value of what may rotate. */
export async function current<T>(value: Rotating<T> | undefined): Promise<T | undefined> {
  // A PEM text or a token is never a function.
  return typeof value === "function" ? await (value as () => Promise<T> | T)() : value;
}

/** `check` belongs here: Node shares no connection between requests that bring a check of their own. */
function agentsFor(isTls: boolean, limits: Limits, check: HttpsAgentOptions) {
  const kept = {
    ...check,
    keepAlive: true,
    maxSockets: limits.connections,
    maxFreeSockets: limits.connections,
    timeout: limits.requestMs,
  };
  return isTls
    ? { requests: new HttpsAgent(kept), watches: new HttpsAgent({ ...check, keepAlive: false }) }
    : { requests: new HttpAgent(kept), watches: new HttpAgent({ keepAlive: false }) };
}

/** Where to dial. */
function placeOf(url: URL, { resolve }: ClusterSettings): { readonly host: string; readonly port: number } {
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const host = unbracketed(url.hostname);
  const other = resolve?.(host, port);
  return other === undefined ? { host, port } : { host: other.address, port: other.port };
}

/** Which certificate is taken: that of the name in `server` (or `serverName`), wherever we dial. */
function trustOf(name: string, { insecure }: ClusterSettings) {
  const isName = !/^[\d.]+$|:/.test(name);
  // SNI takes no addresses
  return { servername: isName ? name : "", rejectUnauthorized: insecure !== true };
}

function checkOf(name: string) {
  return {
    checkServerIdentity: (_dialled: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate),
  };
}

/** Who asks: files and tokens as they are now. */
export async function identityOf(settings: ClusterSettings) {
  const [ca, token, certificate] = await Promise.all([
    current(settings.ca),
    current(settings.token),
    current(settings.clientCertificate),
  ]);
  const { basic } = settings;
  const authorization =
    token !== undefined
      ? `Bearer ${token}`
      : basic && `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString("base64")}`;
  return {
    tls: { ...(ca === undefined ? {} : { ca }), ...certificate },
    headers: authorization === undefined ? {} : { authorization },
  };
}

function headersOf({ body, contentType, accept }: Call): Readonly<Record<string, string | number>> {
  return {
    accept: accept ?? "application/json",
    ...(body === undefined
      ? {}
      : { "content-type": contentType ?? "application/json", "content-length": Buffer.byteLength(body) }),
  };
}

function exchange(request: typeof httpRequest, options: RequestOptions, call: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answer: IncomingMessage | undefined;
    const sent = request(options, (response) => {
      answer = response;
      const retryAfter = response.headers["retry-after"];
      resolve({ status: response.statusCode ?? 0, retryAfter, body: response });
    });
    sent.on("timeout", () => {
      const silent = new Error(`no answer for ${Math.round((options.timeout ?? 0) / 1000)} s`);
      (answer ?? sent).destroy(Object.assign(silent, { code: "ETIMEDOUT" }));
    });
    sent.on("error", reject);
    if (call.isWatch === true) sent.on("socket", (socket) => socket.setKeepAlive(true, 15_000));
    sent.end(call.body);
  });
}
