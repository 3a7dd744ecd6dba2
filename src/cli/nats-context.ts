import { type NatsContext, readContext } from "../nats/context.ts";
import type { Environment } from "./environment.ts";
import {
  contextToRead,
  type NatsLayer,
  type NatsSettings,
  natsLayerOfOptions,
  natsLayerOfVariables,
  resolveNats,
} from "./nats-settings.ts";
import type { NatsOptions } from "./options/nats.ts";
import type { ProfileSettings } from "./profile.ts";

/** What options, variables, profile and the nats CLI's contexts say, resolved. */
export async function natsSettings(
  environment: Environment,
  options: NatsOptions,
  profile: ProfileSettings,
): Promise<NatsSettings> {
  const sources = {
    options: natsLayerOfOptions(options),
    variables: natsLayerOfVariables(environment),
    profile: profile.nats,
  };
  const wanted = contextToRead(sources);
  if (wanted === undefined) return resolveNats(sources, undefined);
  const { configFolder: configHome, home } = environment;
  const context = await readContext(wanted.name, { configHome, home });
  return resolveNats(sources, context === undefined ? undefined : { name: context.name, layer: contextLayer(context) });
}

function contextLayer({ connection, domain, apiPrefix }: NatsContext): NatsLayer {
  const { credentials, tls } = connection;
  return {
    ...loginOf(credentials),
    server: connection.servers.join(","),
    tlscert: textSource(tls?.cert),
    tlskey: textSource(tls?.key),
    tlsca: textSource(tls?.ca),
    tlsfirst: tls?.handshakeFirst,
    inboxPrefix: connection.inboxPrefix,
    jsDomain: domain,
    jsApiPrefix: apiPrefix,
  };
}

function loginOf(credentials: NatsContext["connection"]["credentials"]): NatsLayer {
  switch (credentials?.kind) {
    case undefined:
    case "none":
      return {};
    case "user":
      return { user: credentials.user, password: credentials.password };
    case "token":
      return { token: credentials.token };
    case "nkey":
      return { nkey: { text: credentials.seed } };
    case "creds":
      return { creds: { text: credentials.text } };
    default:
      throw new Error(`unknown credentials ${credentials satisfies never}`);
  }
}

function textSource(text: string | undefined) {
  return text === undefined ? undefined : { text };
}
