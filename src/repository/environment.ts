import { resolve } from "node:path";
import { Failure } from "../kit/failures.ts";

export type RepositoryPassword =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "command"; readonly command: string };

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * What restic may see of the surrounding environment: cloud keys, its own settings, and what every program needs. Everything else stays out
 * (NATS credentials above all).
 */
const passedOn =
  /^(?:AWS_|AZURE_|GOOGLE_|B2_|OS_|ST_|RESTIC_|RCLONE_|SSL_CERT_|(?:PATH|HOME|USER|TMPDIR|XDG_CACHE_HOME|XDG_CONFIG_HOME|SSH_AUTH_SOCK|GOMAXPROCS|GOMEMLIMIT)$|(?:https?|no|all)_proxy$)/i;

/** Settings of restic that we say ourselves; RESTIC_HOST would silently filter every list of snapshots. */
const saidByUs = /^RESTIC_(?:REPOSITORY|PASSWORD|HOST$|PROGRESS_FPS$|FROM_)/;

/** Variables that name files: restic is run in other folders too. */
const pathVariables = new Set([
  "RESTIC_CACERT",
  "RESTIC_CACHE_DIR",
  "RESTIC_TLS_CLIENT_CERT",
  "GOOGLE_APPLICATION_CREDENTIALS",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_CONFIG_FILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AZURE_FEDERATED_TOKEN_FILE",
  "RCLONE_CONFIG",
  "SSL_CERT_FILE",
  "TMPDIR",
]);

/** The whole environment of a restic process. The repository's address and its password travel here, never in arguments. */
export function resticEnvironment(
  {
    url,
    password,
    env = {},
  }: { readonly url: string; readonly password: RepositoryPassword; readonly env?: Variables | undefined },
  baseEnv: Variables,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of [...Object.entries(baseEnv), ...Object.entries(env)]) {
    if (value === undefined || !passedOn.test(name) || saidByUs.test(name)) continue;
    result[name] = pathVariables.has(name) && value !== "" ? resolve(value) : value;
  }
  // Times of `rewrite --new-time` are read in the local zone; messages must not depend on a language.
  Object.assign(result, { TZ: "UTC", LC_ALL: "C.UTF-8", RESTIC_PROGRESS_FPS: "3", RESTIC_REPOSITORY: url });
  return { ...result, ...passwordVariable(password) };
}

function passwordVariable(password: RepositoryPassword): Record<string, string> {
  switch (password.kind) {
    case "text":
      if (password.text === "") throw new Failure("configuration-invalid", "the repository's password is empty");
      return { RESTIC_PASSWORD: password.text };
    case "file":
      return { RESTIC_PASSWORD_FILE: resolve(password.path) };
    case "command":
      return { RESTIC_PASSWORD_COMMAND: password.command };
    default:
      throw new Error(`unknown password ${password satisfies never}`);
  }
}

const secretName = /SECRET|PASSWORD|KEY$|ACCOUNT_KEY|TOKEN|SAS$/;
const publicName = /ACCESS_KEY_ID|_FILE$|_COMMAND$|_ID$|KEY_HINT$/;

/** Values of an environment that no message may hold. Short ones are left: hiding "a" would only garble. */
export function secretsOf(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env)
    .filter(([name, value]) => secretName.test(name) && !publicName.test(name) && value.length >= 4)
    .map(([, value]) => value);
}

/** Whether requests to `host` go through a proxy, as Go's net/http decides: then a knock on the host itself tells nothing. */
export function usesProxy(env: Readonly<Record<string, string>>, encrypted: boolean): boolean {
  const names = encrypted ? ["HTTPS_PROXY", "https_proxy"] : ["HTTP_PROXY", "http_proxy"];
  return names.some((name) => (env[name] ?? "") !== "");
}
