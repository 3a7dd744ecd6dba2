import { type IncomingMessage, type RequestOptions, request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { Failure } from "../../kit/failures.ts";
import { bracketed, whyUnreached } from "../../kit/hosts.ts";

/** The network as hooks use it: one HTTP request, one TCP connection. */

export interface Waiting {
  readonly signal: AbortSignal;
}

export interface Place {
  /** As the user wrote it, or the pod's address: for messages, the Host header and SNI. */
  readonly host: string;
  readonly port: number;
  /** Where to dial. */
  readonly address: string;
  readonly addressPort: number;
}

export interface HttpCall {
  readonly method: "GET" | "POST";
  readonly isTls: boolean;
  readonly place: Place;
  /** From the slash on. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** Its beginning. */
  readonly body: string;
}

/** A host that does not answer at all is given up after this long; how long the answer takes is the hook's affair. */
const connectMs = 30_000;
const answerBytes = 64 * 1024;

/** One request, redirects not followed. As with Kubernetes' own probes, no certificate is checked. */
export async function callHttp(call: HttpCall, { signal }: Waiting): Promise<HttpAnswer> {
  const answer = await openAnswer(call, signal);
  try {
    return { status: answer.statusCode ?? 0, body: await text(limited(answer, answerBytes)) };
  } catch (error) {
    throw unanswered(call.place, error, signal);
  } finally {
    answer.destroy();
  }
}

function openAnswer(call: HttpCall, signal: AbortSignal): Promise<IncomingMessage> {
  const { place, isTls, body } = call;
  const options: RequestOptions & { readonly rejectUnauthorized: false; readonly servername?: string } = {
    method: call.method,
    host: place.address,
    port: place.addressPort,
    path: call.path,
    headers: headersOf(call),
    agent: false,
    rejectUnauthorized: false,
    // SNI takes no addresses
    servername: /^[\d.]+$|:/.test(place.host) ? "" : place.host,
    signal,
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = (isTls ? requestTls : requestPlain)(options, resolve);
  sent.on("error", (error) => reject(unanswered(place, error, signal)));
  sent.on("socket", (socket) => {
    const timer = setTimeout(() => sent.destroy(silence()), connectMs);
    const ready = isTls ? "secureConnect" : "connect";
    for (const event of [ready, "close"]) socket.once(event, () => clearTimeout(timer));
  });
  sent.end(body);
  return promise;
}

/** Several of one name are sent as several. */
function headersOf({ isTls, place, headers, body }: HttpCall): Record<string, string | string[]> {
  const usualPort = isTls ? 443 : 80;
  const host = bracketed(place.host);
  const all: Record<string, string | string[]> = {
    host: place.port === usualPort ? host : `${host}:${place.port}`,
    "user-agent": "coldstream",
  };
  if (body !== undefined) all["content-length"] = String(Buffer.byteLength(body));
  for (const [given, value] of headers) {
    const name = given.toLowerCase();
    const before = headers.filter(([other]) => other.toLowerCase() === name).map(([, each]) => each);
    all[name] = before.length > 1 ? before : value;
  }
  return all;
}

async function* limited(answer: IncomingMessage, most: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    yield chunk;
    size += chunk.length;
    if (size >= most) return;
  }
}

/** Connects, and that is all. */
export async function callTcp(place: Place, { signal }: Waiting): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host: place.address, port: place.addressPort });
  const timer = setTimeout(() => socket.destroy(silence()), connectMs);
  const onAbort = () => reject(new Error("interrupted"));
  signal.addEventListener("abort", onAbort, { once: true });
  socket.once("connect", resolve).once("error", reject);
  try {
    await promise;
  } catch (error) {
    throw unanswered(place, error, signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

function silence(): Error {
  return Object.assign(new Error(`no connection within ${connectMs / 1000} s`), { code: "ETIMEDOUT" });
}

function unanswered({ host, port }: Place, error: unknown, signal: AbortSignal): Failure {
  if (Failure.is(signal.reason)) return signal.reason;
  return new Failure("server-unreachable", `calling ${bracketed(host)}:${port}: ${whyUnreached(error)}`, {
    cause: error,
    hint: "check host, port and scheme of the hook, and that somebody listens there",
  });
}
