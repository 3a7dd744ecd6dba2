import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { type Connection, type ConnectOptions, connect } from "../nats/connection.ts";
import { type JetStream, openJetStream } from "../nats/jetstream.ts";
import { NoResponders } from "../nats/requests.ts";
import type { CommandContext } from "./command.ts";
import { natsSettings } from "./nats-context.ts";
import type { NatsSettings, TextSource } from "./nats-settings.ts";
import type { NatsOptions } from "./options/nats.ts";
import type { ProfileSettings } from "./profile.ts";
import { readNamedFile } from "./secret-file.ts";
import { visible } from "./visible.ts";

export interface NatsSession extends AsyncDisposable {
  readonly jetstream: JetStream;
  /** `host:port` that answered. */
  readonly server: string;
  readonly context: string | undefined;
  /** What snapshots of this server and account are named by: `host:port`, or `account@host:port`. */
  readonly target: string;
  /** A connection of its own, released by whoever asked. */
  readonly connectAgain: () => Promise<JetStream>;
}

/** Connects as options, variables, profile and contexts say. */
export async function openNats(
  command: CommandContext,
  options: NatsOptions,
  profile: ProfileSettings,
): Promise<NatsSession> {
  const { environment, printer, signal } = command;
  warnOfSecrets(command, options);
  const settings = await natsSettings(environment, options, profile);
  if (settings.context !== undefined) printer.note(`NATS context: ${visible(settings.context)}`);
  const connectOptions = await toConnectOptions(settings);
  const open = async () => {
    const connection = await connect(connectOptions, { signal }).catch((error: unknown) => {
      throw namingFile(error, settings.login);
    });
    return openJetStream(connection, jetstreamOptions(settings));
  };
  const jetstream = await open();
  const { connection } = jetstream;
  printer.detail(`connected to nats-server ${visible(connection.serverVersion)} at ${visible(connection.serverUrl)}`);
  return {
    jetstream,
    server: connection.serverUrl,
    context: settings.context,
    target: targetName(settings.servers[0] ?? "", await accountName(connection, signal)),
    connectAgain: open,
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

/** Names one account of one server in tags; loopback names are one. */
export function targetName(server: string, account: string | undefined): string {
  const [, host = "", port = "4222"] = /^(?:\w+:\/\/)?(?:[^@]*@)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?/.exec(server) ?? [];
  const name = ["127.0.0.1", "[::1]", ""].includes(host) ? "localhost" : host.toLowerCase();
  const isDefault = account === undefined || account === "$G";
  return `${isDefault ? "" : `${account.replaceAll(/[^\w.$-]/g, "_")}@`}${name}:${port}`;
}

const UserInfo = z.object({ data: z.object({ account: z.string() }) });

/** Servers tell every user its account; where they do not, the account has no name for us. */
async function accountName(connection: Connection, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await connection.request("$SYS.REQ.USER.INFO", new Uint8Array(), { signal });
    const parsed = UserInfo.safeParse(JSON.parse(new TextDecoder().decode(answer.payload)));
    return parsed.data?.data.account;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof NoResponders || Failure.is(error, "not-permitted"))
      return undefined;
    throw error;
  }
}

function warnOfSecrets({ printer }: CommandContext, options: NatsOptions): void {
  for (const [name, variable] of [
    ["password", "NATS_PASSWORD"],
    ["token", "NATS_TOKEN"],
  ] as const) {
    if (options[name] !== undefined)
      printer.warn(`--${name} can be seen by others on this machine; better: ${variable}`);
  }
}

async function toConnectOptions({
  servers,
  login,
  tls,
  inboxPrefix,
  timeoutMs,
}: NatsSettings): Promise<ConnectOptions> {
  return {
    servers,
    credentials: await readLogin(login),
    name: "coldstream",
    ...(await readTls(tls)),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

/** Nothing at all unless something is set: the mere presence of TLS settings asks for TLS. */
async function readTls({ cert, key, ca, first }: NatsSettings["tls"]): Promise<Pick<ConnectOptions, "tls">> {
  if (cert === undefined && key === undefined && ca === undefined && !first) return {};
  return {
    tls: {
      ...(cert === undefined ? {} : { cert: await readSource(cert, "client certificate") }),
      ...(key === undefined ? {} : { key: await readSource(key, "client key") }),
      ...(ca === undefined ? {} : { ca: await readSource(ca, "certificate authorities") }),
      ...(first ? { handshakeFirst: true } : {}),
    },
  };
}

async function readLogin(login: NatsSettings["login"]): Promise<NonNullable<ConnectOptions["credentials"]>> {
  switch (login.kind) {
    case "creds":
      return { kind: "creds", text: await readSource(login.source, "credentials file") };
    case "nkey":
      return { kind: "nkey", seed: await readSource(login.source, "nkey file") };
    case "none":
    case "user":
    case "token":
      return login;
    default:
      throw new Error(`unknown login ${login satisfies never}`);
  }
}

/** What is wrong with the text of a credentials file is wrong with that file. */
function namingFile(error: unknown, login: NatsSettings["login"]): unknown {
  if (!Failure.is(error, "credentials-unreadable") || !("source" in login) || !("file" in login.source)) return error;
  return new Failure("credentials-unreadable", `reading ${login.source.file}`, {
    cause: error,
    hint: login.kind === "creds" ? "it is the file that nsc or the nats CLI made for a user" : "it holds a seed: SU...",
  });
}

async function readSource(source: TextSource, what: string): Promise<string> {
  return "text" in source ? source.text : await readNamedFile(source.file, what);
}

function jetstreamOptions({ jsDomain, jsApiPrefix, timeoutMs }: NatsSettings) {
  return { domain: jsDomain, apiPrefix: jsApiPrefix, timeoutMs };
}
