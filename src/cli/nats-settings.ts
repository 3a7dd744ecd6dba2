import { Failure } from "../kit/failures.ts";
import { parseDuration } from "../kit/quantities.ts";
import type { Environment } from "./environment.ts";
import type { NatsOptions } from "./options/nats.ts";

/** A text that is in a file, or at hand (of a context, whose files are read already). */
export type TextSource = { readonly file: string } | { readonly text: string };

/** What one source (options, variables, profile, context) says about NATS. */
export interface NatsLayer {
  readonly server?: string | undefined;
  readonly context?: string | undefined;
  readonly creds?: TextSource | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  readonly nkey?: TextSource | undefined;
  readonly tlscert?: TextSource | undefined;
  readonly tlskey?: TextSource | undefined;
  readonly tlsca?: TextSource | undefined;
  readonly tlsfirst?: boolean | undefined;
  readonly jsDomain?: string | undefined;
  readonly jsApiPrefix?: string | undefined;
  readonly inboxPrefix?: string | undefined;
  readonly timeout?: number | undefined;
}

/** How to prove who we are, before any file is read. */
export type Login =
  /** Also when the server's URL holds user and password. */
  | { readonly kind: "none" }
  | { readonly kind: "creds"; readonly source: TextSource }
  | { readonly kind: "nkey"; readonly source: TextSource }
  | { readonly kind: "user"; readonly user: string; readonly password: string }
  | { readonly kind: "token"; readonly token: string };

export interface NatsSettings {
  readonly servers: readonly string[];
  readonly login: Login;
  /** PEM files; certificate and key come together. */
  readonly tls: {
    readonly cert: TextSource | undefined;
    readonly key: TextSource | undefined;
    readonly ca: TextSource | undefined;
    readonly first: boolean;
  };
  readonly jsDomain: string | undefined;
  readonly jsApiPrefix: string | undefined;
  readonly inboxPrefix: string | undefined;
  /** undefined: what the library waits by itself. */
  readonly timeoutMs: number | undefined;
  /** The nats CLI's context that was used. */
  readonly context: string | undefined;
}

/** A context of the nats CLI that was read. */
export interface ContextLayer {
  readonly name: string;
  readonly layer: NatsLayer;
}

export interface NatsSources {
  readonly options: NatsLayer;
  readonly variables: NatsLayer;
  readonly profile: NatsLayer;
}

export const defaultServer = "nats://127.0.0.1:4222";

/** Options as a layer: a switch that is off says nothing. */
export function natsLayerOfOptions(options: NatsOptions): NatsLayer {
  const { creds, nkey, tlscert, tlskey, tlsca } = options;
  return {
    ...options,
    creds: fileSource(creds),
    nkey: fileSource(nkey),
    tlscert: fileSource(tlscert),
    tlskey: fileSource(tlskey),
    tlsca: fileSource(tlsca),
    tlsfirst: options.tlsfirst || undefined,
  };
}

export function fileSource(file: string | undefined): TextSource | undefined {
  return file === undefined ? undefined : { file };
}

/** The nats CLI's variables. */
export function natsLayerOfVariables({ variables }: Pick<Environment, "variables">): NatsLayer {
  return {
    server: variables["NATS_URL"],
    context: variables["NATS_CONTEXT"],
    creds: fileSource(variables["NATS_CREDS"]),
    user: variables["NATS_USER"],
    password: variables["NATS_PASSWORD"],
    token: variables["NATS_TOKEN"],
    nkey: fileSource(variables["NATS_NKEY"]),
    tlscert: fileSource(variables["NATS_CERT"]),
    tlskey: fileSource(variables["NATS_KEY"]),
    tlsca: fileSource(variables["NATS_CA"]),
    inboxPrefix: variables["NATS_INBOX_PREFIX"],
    timeout: readTimeout(variables["NATS_TIMEOUT"]),
  };
}

/**
 * Which context has to be read: one by name, the selected one (`name` undefined), or none. The selected one counts only
 * when no source names a server: its credentials must not go to a server they are not for.
 */
export function contextToRead(sources: NatsSources): { readonly name: string | undefined } | undefined {
  const layers = inOrder(sources);
  const name = layers.find(({ context }) => context !== undefined)?.context;
  return name === undefined && layers.some(({ server }) => server !== undefined) ? undefined : { name };
}

/** Options before variables before profile; a context stands right behind the source that names it. */
export function resolveNats(sources: NatsSources, context: ContextLayer | undefined): NatsSettings {
  const layers = inOrder(sources);
  if (context !== undefined) {
    const at = layers.findIndex((layer) => layer.context !== undefined);
    layers.splice(at === -1 ? layers.length : at + 1, 0, context.layer);
  }
  const first = <Name extends keyof NatsLayer>(name: Name): NatsLayer[Name] =>
    layers.find((layer) => layer[name] !== undefined)?.[name];
  return {
    servers: serverList(first("server") ?? defaultServer),
    login: resolveLogin(layers),
    tls: resolveTls({ cert: first("tlscert"), key: first("tlskey"), ca: first("tlsca"), first: first("tlsfirst") }),
    jsDomain: first("jsDomain"),
    jsApiPrefix: first("jsApiPrefix"),
    inboxPrefix: first("inboxPrefix"),
    timeoutMs: first("timeout"),
    context: context?.name,
  };
}

function inOrder({ options, variables, profile }: NatsSources): NatsLayer[] {
  return [options, variables, profile];
}

function resolveTls(given: {
  readonly cert: TextSource | undefined;
  readonly key: TextSource | undefined;
  readonly ca: TextSource | undefined;
  readonly first: boolean | undefined;
}): NatsSettings["tls"] {
  const { cert, key, ca } = given;
  if ((cert === undefined) !== (key === undefined)) {
    throw new Failure(
      "usage",
      `a client ${key === undefined ? "certificate is given without its key" : "key is given without its certificate"}`,
      {
        hint: "give both --tlscert and --tlskey",
      },
    );
  }
  return { cert, key, ca, first: given.first ?? false };
}

/** The first source that says anything about who we are; sources are not mixed. */
function resolveLogin(layers: readonly NatsLayer[]): Login {
  for (const layer of layers) {
    const logins = loginsOf(layer);
    if (logins.length > 1) {
      throw new Failure("usage", `credentials are given in two ways: ${logins.map(({ kind }) => kind).join(" and ")}`, {
        hint: "give one of --creds, --nkey, --token, or --user and --password",
      });
    }
    const [login] = logins;
    if (login !== undefined) return login;
    if (layer.server?.includes("@") === true) return { kind: "none" };
  }
  return { kind: "none" };
}

function loginsOf({ creds, nkey, token, user, password }: NatsLayer): Login[] {
  const logins: Login[] = [];
  if (creds !== undefined) logins.push({ kind: "creds", source: creds });
  if (nkey !== undefined) logins.push({ kind: "nkey", source: nkey });
  if (token !== undefined) logins.push({ kind: "token", token });
  if (user !== undefined)
    logins.push(password === undefined ? { kind: "token", token: user } : { kind: "user", user, password });
  if (user === undefined && password !== undefined) {
    throw new Failure("usage", "a password is given, but no user", { hint: "add --user or NATS_USER" });
  }
  return logins;
}

function serverList(text: string): string[] {
  return text
    .split(",")
    .map((server) => server.trim())
    .filter((server) => server !== "");
}

function readTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return parseDuration(text);
  } catch (cause) {
    throw new Failure("usage", `NATS_TIMEOUT: ${JSON.stringify(text)} is not a duration`, {
      cause,
      hint: "durations look like 500ms, 5s or 1m",
    });
  }
}
