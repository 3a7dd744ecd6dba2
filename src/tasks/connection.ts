import type { AppBinding, SecretTransform, ServiceReference } from "../api/app-binding.ts";
import { Failure } from "../kit/failures.ts";
import type { Credentials } from "../nats/credentials.ts";
import type { TlsOptions } from "../nats/tls.ts";

/** The decoded data of a Secret. */
export type SecretData = Readonly<Record<string, string>>;

/** How an AppBinding says that its server is reached; `src/nats` takes it as it is. */
export interface NatsAddress {
  /** `nats://host:port` or `tls://host:port`, in the order in which they are tried. */
  readonly servers: readonly string[];
  readonly credentials: Credentials;
  readonly tls?: TlsOptions;
}

/** The Secrets that an AppBinding names, decoded; undefined where it names none. */
export interface BindingSecrets {
  /** `spec.secret`, after its transforms. */
  readonly login?: SecretData | undefined;
  /** `spec.tlsSecret`. */
  readonly tls?: SecretData | undefined;
}

type Binding = Pick<AppBinding, "metadata" | "spec">;

/** How to connect to the server of an AppBinding. Throws `configuration-invalid` with what is missing. */
export function connectionOf(binding: Binding, secrets: BindingSecrets): NatsAddress {
  const servers = serversOf(binding);
  const credentials = credentialsIn(secrets.login);
  const tls = tlsOf(binding, secrets);
  return tls === undefined ? { servers, credentials } : { servers, credentials, tls };
}

function serversOf({ metadata, spec }: Binding): readonly string[] {
  const { service, url } = spec.clientConfig;
  if (service !== undefined) return [serviceUrl(service, metadata.namespace ?? "default")];
  const urls = (url ?? "")
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");
  if (urls.length > 0) return urls.map((text) => checkedUrl(text));
  throw invalid("the AppBinding names neither a service nor a url", {
    hint: "set spec.clientConfig.service or spec.clientConfig.url",
  });
}

function serviceUrl({ scheme, name, namespace, port }: ServiceReference, own: string): string {
  return `${checkedScheme(scheme)}://${name}.${namespace || own}.svc:${port}`;
}

/** Path and query mean nothing to NATS. */
function checkedUrl(text: string): string {
  const [, scheme = "", rest = text] = /^([a-z0-9+.-]+):\/\/(.*)$/i.exec(text) ?? [];
  const [place = ""] = rest.split(/[/?#]/);
  return `${checkedScheme(scheme)}://${place}`;
}

/** Stash takes any scheme and speaks plain NATS; a WebSocket port would not understand that. */
function checkedScheme(scheme: string): "nats" | "tls" {
  switch (scheme.toLowerCase()) {
    case "":
    case "nats":
    case "tcp":
      return "nats";
    case "tls":
      return "tls";
    default:
      throw invalid(`the scheme ${scheme} of the AppBinding is not supported`, {
        hint: "name the server's NATS port, with the scheme nats or tls",
      });
  }
}

/** The nats CLI's order, which is what Stash's users know: user and password, then token, creds, nkey. */
function credentialsIn(secret: SecretData | undefined): Credentials {
  if (secret === undefined) return { kind: "none" };
  const { username, password, token, creds, nkey } = withoutLineEnds(secret);
  if (username !== undefined || password !== undefined) {
    if (username === undefined) throw missingKey("username", "password");
    if (password === undefined) throw missingKey("password", "username");
    return { kind: "user", user: username, password };
  }
  if (token !== undefined) return { kind: "token", token };
  if (creds !== undefined) return { kind: "creds", text: creds };
  if (nkey !== undefined) return { kind: "nkey", seed: nkey };
  return { kind: "none" };
}

function missingKey(key: string, given: string): Failure {
  return invalid(`the AppBinding's secret has the key ${given}, but lacks ${key}`, {
    hint: `add the key ${key}, or remove ${given}`,
    key,
  });
}

/** A key made with `echo` ends in a line feed that no login has. An empty one counts as absent. */
function withoutLineEnds(secret: SecretData): Readonly<Record<string, string | undefined>> {
  const trimmed = Object.entries(secret).map(([key, value]) => [key, value.replace(/(?:\r?\n)+$/, "")] as const);
  return Object.fromEntries(trimmed.filter(([, value]) => value !== ""));
}

/** Nothing at all unless something is set: the mere presence of TLS settings asks for TLS. */
function tlsOf({ spec }: Binding, { login = {}, tls = {} }: BindingSecrets): TlsOptions | undefined {
  const { caBundle, insecureSkipTLSVerify, serverName } = spec.clientConfig;
  const [cert, key] = [login["tls.crt"] || tls["tls.crt"], login["tls.key"] || tls["tls.key"]];
  if ((cert === undefined) !== (key === undefined)) {
    throw key === undefined ? missingKey("tls.key", "tls.crt") : missingKey("tls.crt", "tls.key");
  }
  const ca = (caBundle ? Buffer.from(caBundle, "base64").toString("utf8") : "") || tls["ca.crt"];
  const options = {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca ? { ca } : {}),
    ...(serverName ? { serverName } : {}),
    ...(insecureSkipTLSVerify === true ? { insecure: true } : {}),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}

/** The Secrets that `addKeysFrom` names, in the AppBinding's namespace. */
export function secretsInTransforms(transforms: readonly SecretTransform[] | undefined): readonly string[] {
  return (transforms ?? []).flatMap(({ addKey, renameKey, addKeysFrom }) =>
    addKey === undefined && renameKey === undefined ? (addKeysFrom?.secretRef?.name ?? []) : [],
  );
}

/** Applies an AppBinding's transforms in order; of one entry the first that is there counts. */
export function transformed(
  secret: SecretData,
  transforms: readonly SecretTransform[] | undefined,
  others: ReadonlyMap<string, SecretData>,
): SecretData {
  return (transforms ?? []).reduce((before, transform) => transformOnce(before, transform, others), secret);
}

function transformOnce(
  secret: SecretData,
  { addKey, renameKey, addKeysFrom, removeKey }: SecretTransform,
  others: ReadonlyMap<string, SecretData>,
): SecretData {
  if (addKey !== undefined) {
    const value = addKey.stringValue || Buffer.from(addKey.value ?? "", "base64").toString("utf8");
    return { ...secret, [addKey.key]: value };
  }
  if (renameKey !== undefined) {
    const { [renameKey.from]: value, ...rest } = secret;
    if (value !== undefined) return { ...rest, [renameKey.to]: value };
    const { from } = renameKey;
    throw invalid(`the AppBinding's secretTransforms rename the key ${from}, which its secret lacks`, {
      hint: "correct the name of the key",
      key: from,
    });
  }
  if (addKeysFrom !== undefined) return { ...secret, ...others.get(addKeysFrom.secretRef?.name ?? "") };
  if (removeKey === undefined) return secret;
  const { [removeKey.key]: _removed, ...rest } = secret;
  return rest;
}

function invalid(message: string, { hint, key }: { readonly hint: string; readonly key?: string }): Failure {
  return new Failure("configuration-invalid", message, { hint, ...(key === undefined ? {} : { details: { key } }) });
}
