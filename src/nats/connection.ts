import {
  type Authenticator,
  jwtAuthenticator,
  connect as libraryConnect,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
  nuid,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import { Failure } from "../kit/failures.ts";
import { abortFailure, checkAborted, onAbort } from "./abort.ts";
import { connectFailure, worstFailure } from "./connect-failure.ts";
import { type Credentials, credentialsOf, parseCreds, parseSeed } from "./credentials.ts";
import { openRequests, type RequestOptions, type Requests } from "./requests.ts";
import { parseServerUrls, type ServerUrl } from "./server-url.ts";
import { type Handshake, type TlsOptions, tlsSettings } from "./tls.ts";
import { parseViolation } from "./violation.ts";
import { type WireMessage, wireMessage } from "./wire-message.ts";

export interface ConnectOptions {
  /** `nats://` or `tls://`, tried in order; a user and password in a URL win over `credentials`. */
  readonly servers: readonly string[];
  readonly credentials?: Credentials;
  readonly tls?: TlsOptions;
  /** Shown in the server's list of connections. */
  readonly name?: string;
  /** Default `_INBOX`. */
  readonly inboxPrefix?: string;
  /** For each server. Default 5000. */
  readonly timeoutMs?: number;
}

export interface Subscription {
  unsubscribe(): void;
}

/** One connection to one server. It is never mended: when it is lost, all that runs on it fails. */
export interface Connection extends AsyncDisposable {
  readonly serverName: string;
  /** Of this run of the server. */
  readonly serverId: string;
  readonly isClustered: boolean;
  /** As in `2.12.15`. */
  readonly serverVersion: string;
  /** `host:port` of the server, for people. */
  readonly serverUrl: string;
  /** What one publish may hold, header included. */
  readonly maxPayloadBytes: number;
  /** A fresh subject under the inbox prefix. */
  newInbox(): string;
  /** Throws `usage` for impossible subjects and payloads above the limit. Refusals come later: see `watchPublish`. */
  publish(subject: string, payload: Uint8Array, reply?: string): void;
  /** `onError`: the server refused the subscription, `onMessage` threw, or the connection is lost. */
  subscribe(
    subject: string,
    onMessage: (message: WireMessage) => void,
    onError?: (failure: Failure) => void,
  ): Subscription;
  /** Calls `onRefused` with `not-permitted` when the server refuses a publish to a subject that starts so. */
  watchPublish(subjectPrefix: string, onRefused: (failure: Failure) => void): Subscription;
  /** Rejects with `NoResponders` (503), `not-permitted` as soon as the server says so, `timed-out`, or the abort. */
  request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<WireMessage>;
  /** Resolves when the server has seen all that was published. */
  flush(): Promise<void>;
  /** Resolves when the connection is gone: with why, or undefined when this side closed it. */
  readonly closed: Promise<Failure | undefined>;
}

const defaultTimeoutMs = 5000;
/** A silent server is given up after three pings. */
const pingIntervalMs = 20_000;

/** Connects to the first server that takes us. Failures: server-unreachable, not-permitted, timed-out, usage, credentials-unreadable. */
export async function connect(
  options: ConnectOptions,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Connection> {
  const failures: Failure[] = [];
  const servers = parseServerUrls(options.servers);
  const prepared = servers.map((server) => {
    const handshake = { isTrusted: false };
    return { server, handshake, settings: librarySettings(server, options, handshake) };
  });
  for (const { server, handshake, settings } of prepared) {
    checkAborted(signal);
    try {
      return new LibraryConnection(await dial(settings, signal), server, options);
    } catch (error) {
      if (signal?.aborted === true) throw abortFailure(signal);
      const { hostPort } = server;
      const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
      failures.push(connectFailure(error, { hostPort, timeoutMs, wasTrusted: handshake.isTrusted }));
    }
  }
  throw worstFailure(failures);
}

/** nats.js cannot be aborted and bounds neither DNS nor TLS: what comes too late is closed as soon as it comes. */
async function dial(settings: NodeConnectionOptions, signal: AbortSignal | undefined): Promise<NatsConnection> {
  const given = Promise.withResolvers<never>();
  const error = new Error("timeout");
  error.name = "TimeoutError";
  const late = setTimeout(() => given.reject(error), settings.timeout);
  using _aborted = onAbort(signal, given.reject);
  const dialed = libraryConnect(settings);
  try {
    return await Promise.race([dialed, given.promise]);
  } catch (failure) {
    dialed.then((connection) => connection.close()).catch(() => {});
    throw failure;
  } finally {
    clearTimeout(late);
  }
}

function librarySettings(server: ServerUrl, options: ConnectOptions, handshake: Handshake): NodeConnectionOptions {
  const { name, inboxPrefix, timeoutMs = defaultTimeoutMs } = options;
  const tls = tlsSettings(server, options.tls, handshake);
  return {
    servers: server.hostPort,
    authenticator: authenticator(credentialsOf(server, options.credentials)),
    ...{ reconnect: false, ignoreClusterUpdates: true, noAsyncTraces: true },
    pingInterval: pingIntervalMs,
    maxPingOut: 3,
    timeout: timeoutMs,
    ...(name === undefined ? {} : { name }),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function authenticator(credentials: Credentials): Authenticator {
  switch (credentials.kind) {
    case "none":
      return () => undefined;
    case "user":
      return usernamePasswordAuthenticator(credentials.user, credentials.password);
    case "token":
      return tokenAuthenticator(credentials.token);
    case "nkey":
      return nkeyAuthenticator(new TextEncoder().encode(parseSeed(credentials.seed)));
    case "creds": {
      const { jwt, seed } = parseCreds(credentials.text);
      return jwtAuthenticator(jwt, new TextEncoder().encode(seed));
    }
    default:
      throw new Error(`unknown credentials ${credentials satisfies never}`);
  }
}

interface Watcher {
  readonly prefix: string;
  readonly onRefused: (failure: Failure) => void;
}

class LibraryConnection implements Connection {
  readonly serverName: string;
  readonly serverId: string;
  readonly isClustered: boolean;
  readonly serverVersion: string;
  readonly serverUrl: string;
  readonly maxPayloadBytes: number;
  readonly closed: Promise<Failure | undefined>;
  readonly #library: NatsConnection;
  readonly #inboxPrefix: string;
  readonly #requests: Requests;
  readonly #watchers = new Set<Watcher>();
  /** One for each live subscription. */
  readonly #losers = new Set<(failure: Failure) => void>();
  #closing = false;

  constructor(library: NatsConnection, server: ServerUrl, { inboxPrefix = "_INBOX" }: ConnectOptions) {
    this.#library = library;
    this.#inboxPrefix = inboxPrefix;
    this.serverName = library.info?.server_name ?? "";
    this.serverId = library.info?.server_id ?? "";
    this.isClustered = library.info?.cluster !== undefined;
    this.serverVersion = library.info?.version ?? "";
    this.serverUrl = server.hostPort;
    this.maxPayloadBytes = library.info?.max_payload ?? 1_048_576;
    this.#requests = openRequests({
      inbox: this.newInbox(),
      publish: (subject, payload, reply) => this.publish(subject, payload, reply),
      subscribe: (subject, onMessage, onError) => this.subscribe(subject, onMessage, onError),
    });
    this.closed = this.#watchClose();
    void this.#watchErrors().catch(() => {});
  }

  newInbox(): string {
    return `${this.#inboxPrefix}.${nuid.next()}`;
  }

  publish(subject: string, payload: Uint8Array, reply?: string): void {
    try {
      this.#library.publish(subject, payload, reply === undefined ? {} : { reply });
    } catch (cause) {
      if (this.#library.isClosed()) throw this.#lost(cause);
      throw new Failure("usage", `cannot publish ${payload.length} bytes to ${JSON.stringify(subject)}`, { cause });
    }
  }

  subscribe(
    subject: string,
    onMessage: (message: WireMessage) => void,
    onError: (failure: Failure) => void = () => {},
  ): Subscription {
    if (this.#library.isClosed()) throw this.#lost(undefined);
    const subscription = this.#library.subscribe(subject, {
      // whatever is thrown in here would end the reading of the whole connection
      callback: (error, message) => {
        try {
          if (error === null) onMessage(wireMessage(message));
          else fail(refusal(error));
        } catch (thrown) {
          fail(Failure.from(thrown));
        }
      },
    });
    const fail = (failure: Failure) => {
      unsubscribe();
      try {
        onError(failure);
      } catch {
        // nobody is left to tell
      }
    };
    const unsubscribe = () => {
      if (this.#losers.delete(fail) && !this.#library.isClosed()) subscription.unsubscribe();
    };
    this.#losers.add(fail);
    return { unsubscribe };
  }

  watchPublish(prefix: string, onRefused: (failure: Failure) => void): Subscription {
    const watcher = { prefix, onRefused };
    this.#watchers.add(watcher);
    return { unsubscribe: () => void this.#watchers.delete(watcher) };
  }

  request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<WireMessage> {
    return this.#requests.request(subject, payload, options);
  }

  async flush(): Promise<void> {
    if (this.#library.isClosed()) throw this.#lost(undefined);
    const gone = this.closed.then((failure) => Promise.reject(failure ?? this.#lost(undefined)));
    await Promise.race([this.#library.flush(), gone]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    await this.#library.close();
    await this.closed;
  }

  async #watchErrors(): Promise<void> {
    for await (const status of this.#library.status()) {
      if (status.type !== "error") continue;
      const violation = parseViolation(status.error.message);
      if (violation === undefined) continue;
      const failure = refusal(status.error);
      this.#requests.refuse(violation, failure);
      if (violation.operation !== "publish") continue;
      for (const { prefix, onRefused } of [...this.#watchers]) {
        if (violation.subject.startsWith(prefix)) onRefused(failure);
      }
    }
  }

  async #watchClose(): Promise<Failure | undefined> {
    const error = await this.#library.closed();
    const failure = this.#closing
      ? new Failure("interrupted", `the connection to ${this.serverUrl} was closed`)
      : this.#lost(error);
    this.#requests.end(failure);
    for (const fail of [...this.#losers]) fail(failure);
    return this.#closing ? undefined : failure;
  }

  #lost(cause: unknown): Failure {
    const login = cause instanceof Error && /^(Authorization|UserAuthentication)/.test(cause.name);
    const why = cause instanceof Error && cause.message !== "" ? `: ${cause.message.replaceAll("'", "")}` : "";
    const message = `lost the connection to ${this.serverUrl}${why}`;
    const hint = `the server's log says why; after "Slow Consumer" try fewer streams at the same time`;
    return login
      ? new Failure("not-permitted", message, { cause })
      : new Failure("server-unreachable", message, { cause, hint });
  }
}

function refusal(error: Error): Failure {
  const violation = parseViolation(error.message);
  const what =
    violation === undefined ? error.message : `${violation.operation} to ${JSON.stringify(violation.subject)}`;
  return new Failure("not-permitted", `the NATS user may not ${what}`, { cause: error });
}
