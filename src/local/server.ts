import { randomInt, randomUUID } from "node:crypto";
import { join } from "node:path";
import { describe, Failure } from "../kit/failures.ts";
import { bracketed, listenHint, reachable } from "../kit/hosts.ts";
import type { Log } from "../kit/log.ts";
import { authenticator } from "./auth.ts";
import { authorityOf } from "./authority.ts";
import { openIdentity } from "./certificates.ts";
import { keepExpiring } from "./expiry.ts";
import { firstObjects } from "./first-objects.ts";
import { type Listening, listen } from "./https.ts";
import { router } from "./router.ts";
import { openStore } from "./store.ts";
import { keepWritable } from "./writable.ts";

export interface ApiServerOptions {
  /** Holds the store, the authority and the keys. Nobody else's. */
  readonly folder: string;
  /** Port 0: any that is free. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly log: Log;
  readonly clock?: () => Date;
  /** Ends the server, watches included. */
  readonly signal: AbortSignal;
}

export interface ApiServer extends AsyncDisposable {
  /** `https://HOST:PORT` as clients on this machine reach it. */
  readonly url: string;
  readonly port: number;
  /** Of the authority that vouches for the server, and whose clients alone may read a node's logs. */
  readonly caPem: string;
  readonly adminToken: string;
}

/**
 * Serves the objects in the folder until it is disposed of or the signal is aborted. Rejects with a Failure when the folder
 * or the port cannot be used.
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { folder, log, clock = () => new Date() } = options;
  const { host } = options.listen;
  const identity = await openIdentity(folder, host);
  await using opening = new AsyncDisposableStack();
  const store = opening.use(openStore({ file: join(folder, "store.db") }));
  const objects = { store, clock, uid: randomUUID, suffix, caPem: identity.caPem };
  await firstObjects(objects);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const { caPem, adminToken, tokenKey, client } = identity;
  const authority = authorityOf(objects, tokenKey);
  const authenticate = authenticator(adminToken, authority.account);
  const address = () => new URL(urlOf(host, server.port)).host;
  const backing = { objects, authority, tokenKey, client };
  const route = router({ ...backing, authenticate, log, signal, address, build: "coldstream" });
  const server: Listening = await listen({ ...identity.serving, ...options.listen }, route).catch((error: unknown) => {
    throw notListening(options.listen, error);
  });
  opening.defer(() => server.close());
  opening.defer(() => stop.abort());
  void keepExpiring(objects, { log, signal });
  void keepWritable(store, { log, signal });
  const open = opening.move();
  const close = () => open.disposeAsync();
  options.signal.addEventListener("abort", () => void close(), { once: true });
  if (options.signal.aborted) await close();
  log.info({ host, port: server.port }, "API server listening");
  return { url: urlOf(host, server.port), port: server.port, caPem, adminToken, [Symbol.asyncDispose]: close };
}

function urlOf(host: string, port: number): string {
  return `https://${reachable(host)}:${port}`;
}

function notListening({ host, port }: ApiServerOptions["listen"], cause: unknown): Failure {
  return new Failure("configuration-invalid", `listening on ${bracketed(host)}:${port}: ${describe(cause)}`, {
    ...{ cause, hint: listenHint(cause, "--listen") },
  });
}

/** As Kubernetes makes them: no vowels, so that no word comes out. */
function suffix(): string {
  const letters = "bcdfghjklmnpqrstvwxz2456789";
  return Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join("");
}
