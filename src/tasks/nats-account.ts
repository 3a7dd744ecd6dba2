import type { AppBinding } from "../api/app-binding.ts";
import { Failure } from "../kit/failures.ts";
import { bracketed, type Hosts, unbracketed } from "../kit/hosts.ts";
import { type Key, keyText, resourceOf } from "../kube/resource.ts";
import { type ConnectOptions, connect } from "../nats/connection.ts";
import { type JetStream, type JetStreamOptions, openJetStream } from "../nats/jetstream.ts";
import type { TlsOptions } from "../nats/tls.ts";
import { type TlsTrouble, tlsTroubleOf } from "../nats/tls-trouble.ts";
import { connectionOf, type NatsAddress, secretsInTransforms, transformed } from "./connection.ts";
import { required, type TaskContext } from "./context.ts";
import { readSecret } from "./secret.ts";
import { isServerComing, type Patience, patiently } from "./waiting.ts";

/** An account that is connected to. */
export interface NatsAccount extends AsyncDisposable {
  readonly jetstream: JetStream;
  /** A connection of its own, released by whoever asked. */
  readonly connectAgain: () => Promise<JetStream>;
}

export interface AccountRequest {
  readonly binding: Key;
  readonly inboxPrefix?: string | undefined;
  readonly tlsFirst: boolean;
  readonly jetstream: JetStreamOptions;
  readonly patience: Pick<Patience, "waitMs" | "onTrouble">;
}

type Asking = Pick<TaskContext, "cluster" | "signal">;

/** Reads an AppBinding and its Secrets. Nothing of them is written anywhere. */
export async function readBinding(context: Asking, key: Key): Promise<NatsAddress> {
  const binding = await required(context, resourceOf("AppBinding"), key);
  const { secret, secretTransforms, tlsSecret } = binding.spec;
  const read = (name: string, purpose: string) => readSecret(context, { namespace: key.namespace, name }, purpose);
  const login = secret === undefined ? undefined : await read(secret.name, `the login of AppBinding ${keyText(key)}`);
  const others = new Map<string, Readonly<Record<string, string>>>();
  for (const name of secretsInTransforms(secretTransforms)) others.set(name, await read(name, "more of its keys"));
  const tls = tlsSecret === undefined ? undefined : await read(tlsSecret.name, "its client certificate");
  return connectionOf(named(binding, key), {
    login: login === undefined ? undefined : transformed(login, secretTransforms, others),
    tls,
  });
}

function named(binding: AppBinding, { namespace }: Key): AppBinding {
  return { ...binding, metadata: { ...binding.metadata, namespace: namespace ?? "default" } };
}

/** Connects to an AppBinding's server; waits for one that is not there yet. A refused login fails at once. */
export async function openAccount(context: TaskContext, request: AccountRequest): Promise<NatsAccount> {
  const { signal, now, hosts } = context;
  const address = await readBinding(context, request.binding);
  const options: ConnectOptions = {
    ...dialled(address, hosts, request.tlsFirst),
    credentials: address.credentials,
    name: "coldstream",
    ...(request.inboxPrefix === undefined ? {} : { inboxPrefix: request.inboxPrefix }),
    ...(request.jetstream.timeoutMs === undefined ? {} : { timeoutMs: request.jetstream.timeoutMs }),
  };
  const connectAgain = async () => {
    const connection = await connect(options, { signal }).catch((error: unknown) => {
      throw naming(error, request.binding, address);
    });
    return openJetStream(connection, request.jetstream);
  };
  const jetstream = await patiently(connectAgain, { ...request.patience, isPassing: isServerComing, now, signal });
  return { jetstream, connectAgain, [Symbol.asyncDispose]: () => jetstream.connection[Symbol.asyncDispose]() };
}

/** The addresses as they are reached from here; the certificate must still carry the name that was asked for. */
export function dialled(
  { servers, tls }: NatsAddress,
  hosts: Hosts,
  tlsFirst: boolean,
): Pick<ConnectOptions, "servers" | "tls"> {
  let serverName: string | undefined;
  const reached = servers.map((server) => {
    const url = new URL(server);
    const found = hosts.lookup(unbracketed(url.hostname), Number(url.port || "4222"));
    if (found === undefined) return server;
    serverName ??= url.hostname;
    url.host = `${bracketed(found.address)}:${found.port}`;
    return url.href.replace(/\/$/, "");
  });
  const isTls = tls !== undefined || tlsFirst || servers.some((server) => server.startsWith("tls:"));
  if (!isTls) return { servers: reached };
  const settings: TlsOptions = {
    ...(serverName === undefined ? {} : { serverName }),
    ...tls,
    ...(tlsFirst ? { handshakeFirst: true } : {}),
  };
  return Object.keys(settings).length === 0 ? { servers: reached } : { servers: reached, tls: settings };
}

/** Which AppBinding it was about; addresses on this machine mean nothing to its author. */
function naming(error: unknown, binding: Key, { servers }: NatsAddress): unknown {
  if (!Failure.is(error)) return error;
  const shown = servers.map((server) => server.replace(/\/\/[^/]*@/, "//")).join(", ");
  const trouble = tlsTroubleOf(error);
  const hint = trouble === undefined ? error.hint : tlsHints[trouble];
  const more = hint === undefined ? { cause: error } : { cause: error, hint };
  return new Failure(error.code, `connecting to the server of AppBinding ${keyText(binding)} (${shown})`, more);
}

const tlsHints: Readonly<Record<TlsTrouble, string>> = {
  name: "issue the certificate for the name that is dialled, or set clientConfig.serverName of the AppBinding to one that it has",
  expired: "renew the server's certificate",
  issuer: "set clientConfig.caBundle of the AppBinding to the authority that signed the server's certificate",
  client: "put tls.crt and tls.key, signed by an authority that the server trusts, into the AppBinding's Secret",
  absent:
    "enable TLS on the server, or take caBundle, serverName, the scheme tls and the client certificate out of the AppBinding",
  order: "set the param tlsFirst to true where the server has handshake_first, and only there",
};
