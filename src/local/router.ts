import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe } from "../kit/failures.ts";
import type { Log } from "../kit/log.ts";
import { answer } from "./api.ts";
import type { Answer, Backing, Verb } from "./ask.ts";
import type { Authenticate, User } from "./auth.ts";
import { discovery } from "./discovery.ts";
import { health } from "./health.ts";
import type { Incoming, Outgoing } from "./https.ts";
import { standsFor } from "./impersonation.ts";
import { openApi } from "./openapi.ts";
import { openApi2 } from "./openapi-2.ts";
import { type Attributes, refusal } from "./rbac.ts";
import { badRequest, forbidden, internal, methodNotAllowed, notServed, Refused, unauthorized } from "./status.ts";
import { NotWritten } from "./store-failures.ts";
import { type Target, targetOf } from "./target.ts";
import { isTrue } from "./watching.ts";

export interface RouterOptions extends Backing {
  readonly authenticate: Authenticate;
  readonly log: Log;
  /** `127.0.0.1:6443`: where clients reach the server. */
  readonly address: () => string;
  /** Names us behind Kubernetes' version. */
  readonly build: string;
  readonly signal: AbortSignal;
}

/** Answers every request, whatever happens. */
export function router(options: RouterOptions): (incoming: Incoming, outgoing: Outgoing) => void {
  return (incoming, outgoing) => {
    outgoing.on("error", () => outgoing.destroy());
    route(options, incoming, outgoing)
      .then(async (answer) => {
        if (answer !== undefined) await send(outgoing, answer);
      })
      .catch((error: unknown) => refuse(options, { incoming, outgoing, error }));
  };
}

async function route(options: RouterOptions, incoming: Incoming, outgoing: Outgoing): Promise<Answer | undefined> {
  const { authenticate, authority, signal } = options;
  const url = URL.parse(`https://server${incoming.url ?? "/"}`);
  if (url === null) throw badRequest("the path cannot be read");
  const { pathname, searchParams: query } = url;
  const well = health(pathname, query, options.objects.store);
  if (well !== undefined) return well;
  const known = authenticate(incoming.headers.authorization);
  if (known === undefined) throw unauthorized();
  const user = standsFor(known, authority, incoming);
  const target = targetOf(pathname);
  if (target === undefined) return other(options, { pathname, user, incoming });
  const verb = verbOf(incoming.method ?? "", target, query);
  const attributes = attributesOf(verb, target);
  if (!authority.allows(user, attributes)) {
    throw forbidden(target.resource, target.name ?? "", refusal(user, attributes));
  }
  return await answer({ ...options, verb, target, query, user, incoming, outgoing, signal });
}

function attributesOf(verb: Verb, { resource, namespace = "", name = "", subresource }: Target): Attributes {
  const { group, plural } = resource;
  return { kind: "resource", verb, group, plural, subresource, namespace, name };
}

interface Other {
  readonly pathname: string;
  readonly user: User;
  readonly incoming: Incoming;
}

/** What is no resource: discovery and OpenAPI. */
function other({ authority, address, build }: RouterOptions, { pathname, user, incoming }: Other): Answer {
  const attributes: Attributes = { kind: "path", verb: (incoming.method ?? "get").toLowerCase(), path: pathname };
  if (!authority.allows(user, attributes)) {
    const message = `forbidden: ${refusal(user, attributes)}`;
    throw new Refused(403, "Forbidden", message);
  }
  const body = discovery(pathname, { address: address(), build }) ?? openApi(pathname) ?? openApi2(pathname);
  if (body === undefined) throw notServed();
  return { code: 200, body };
}

export function verbOf(method: string, { name }: Target, query: URLSearchParams): Verb {
  const isOne = name !== undefined;
  switch (method) {
    case "GET":
    case "HEAD":
      return isTrue(query.get("watch")) ? "watch" : isOne ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return isOne ? "delete" : "deletecollection";
    default:
      throw methodNotAllowed();
  }
}

async function send(outgoing: Outgoing, { code, body }: Answer): Promise<void> {
  if (body instanceof Uint8Array) {
    outgoing.writeHead(code, { "content-type": "application/octet-stream", "content-length": body.length });
    outgoing.end(body);
    return;
  }
  if (typeof body === "object" && Symbol.iterator in body) {
    outgoing.writeHead(code, { "content-type": "application/json" });
    await pipeline(Readable.from(body, { objectMode: false }), outgoing);
    return;
  }
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const type = text.startsWith("{") ? "application/json" : "text/plain; charset=utf-8";
  const bytes = Buffer.from(text);
  outgoing.writeHead(code, { "content-type": type, "content-length": bytes.length });
  outgoing.end(bytes);
}

interface Refusal {
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  readonly error: unknown;
}

function refuse({ log }: RouterOptions, { incoming, outgoing, error }: Refusal): void {
  if (outgoing.headersSent || outgoing.destroyed) {
    outgoing.destroy();
    return;
  }
  // that the store cannot be written is said once, not for every write
  const isSaid = error instanceof Refused || error instanceof NotWritten;
  if (!isSaid) log.error({ method: incoming.method, path: incoming.url, error }, "request failed");
  const refused = error instanceof Refused ? error : internal(describe(error));
  if (refused.retryAfter !== undefined) outgoing.setHeader("retry-after", refused.retryAfter);
  // what is left of a body that was not read would be taken for the next request
  if (!incoming.complete) outgoing.setHeader("connection", "close");
  void send(outgoing, { code: refused.code, body: refused.body });
}
