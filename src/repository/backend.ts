import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import type { RepositoryPassword } from "./environment.ts";

const connections = z.number().int().nonnegative().optional();
const prefix = z.string().optional();

/** `spec.backend` of a Repository object, as far as restic is concerned. Other fields (volume sources) are passed over. */
export const BackendSpec = z.object({
  local: z.object({ mountPath: z.string().min(1) }).optional(),
  s3: z
    .object({
      endpoint: z.string().min(1),
      bucket: z.string().min(1),
      prefix,
      region: z.string().optional(),
      insecureTLS: z.boolean().optional(),
    })
    .optional(),
  gcs: z.object({ bucket: z.string().min(1), prefix, maxConnections: connections }).optional(),
  azure: z.object({ container: z.string().min(1), prefix, maxConnections: connections }).optional(),
  swift: z.object({ container: z.string().min(1), prefix }).optional(),
  b2: z.object({ bucket: z.string().min(1), prefix, maxConnections: connections }).optional(),
  rest: z.object({ url: z.string().min(1) }).optional(),
});
export type BackendSpec = z.infer<typeof BackendSpec>;

/** The decoded Secret of a Repository. */
export type SecretValues = Readonly<Record<string, string | undefined>>;

/** What `openRepository` needs to know of a place; it lacks only the surrounding environment. */
export interface RepositoryAddress {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** Flags for restic. */
  readonly options: readonly string[];
  readonly password: RepositoryPassword;
}

export interface BackendFiles {
  /** Keeps a text for as long as the repository is used, readable by nobody else, and returns its path. */
  writeFile(name: string, text: string): string;
}

type Place = Pick<RepositoryAddress, "url"> & Partial<Pick<RepositoryAddress, "env" | "options">>;

/**
 * A Repository's backend and its Secret as restic wants them: the same object location as Stash's. The first
 * backend that is given counts. Throws `configuration-invalid`, naming the key that is missing.
 */
export function backendAddress(spec: BackendSpec, secret: SecretValues, files: BackendFiles): RepositoryAddress {
  const password = secret["RESTIC_PASSWORD"];
  if (password === undefined || password === "") throw missing("RESTIC_PASSWORD");
  const { url, env = {}, options = [] } = placeOf(spec, secret, files);
  const authorities = secret["CA_CERT_DATA"];
  const trust = authorities ? ["--cacert", files.writeFile("ca.crt", authorities)] : [];
  return { url, env, options: [...options, ...trust], password: { kind: "text", text: password } };
}

function placeOf(spec: BackendSpec, secret: SecretValues, files: BackendFiles): Place {
  const { local, s3, gcs, azure, swift, b2, rest } = spec;
  if (local !== undefined) return { url: local.mountPath };
  if (s3 !== undefined) return s3Place(s3, secret);
  if (gcs !== undefined) return gcsPlace(gcs, secret, files);
  if (azure !== undefined) {
    const env = pick(secret, ["AZURE_ACCOUNT_NAME", "AZURE_ACCOUNT_KEY", "AZURE_ACCOUNT_SAS"]);
    return { url: container("azure", azure.container, azure.prefix), env, options: limit("azure", azure) };
  }
  if (swift !== undefined)
    return { url: container("swift", swift.container, swift.prefix), env: pick(secret, swiftKeys) };
  if (b2 !== undefined) {
    const env = demand(secret, ["B2_ACCOUNT_ID", "B2_ACCOUNT_KEY"]);
    return { url: container("b2", b2.bucket, b2.prefix), env, options: limit("b2", b2) };
  }
  if (rest !== undefined) return restPlace(rest.url, secret);
  throw new Failure("configuration-invalid", "the repository has no backend", {
    hint: "give one of local, s3, gcs, azure, swift, b2 and rest",
  });
}

function s3Place(
  { endpoint, bucket, prefix, region, insecureTLS }: NonNullable<BackendSpec["s3"]>,
  secret: SecretValues,
): Place {
  const keys = pick(secret, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]);
  // Without both, restic takes the machine's or the ServiceAccount's role; with one of them somebody forgot the other.
  if (Object.keys(keys).length > 0) demand(secret, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
  return {
    url: `s3:${endpoint.replace(/\/+$/, "")}/${[bucket, ...segments(prefix)].join("/")}`,
    env: { ...keys, ...(region ? { AWS_DEFAULT_REGION: region } : {}) },
    options: insecureTLS === true ? ["--insecure-tls"] : [],
  };
}

function gcsPlace(gcs: NonNullable<BackendSpec["gcs"]>, secret: SecretValues, files: BackendFiles): Place {
  const key = secret["GOOGLE_SERVICE_ACCOUNT_JSON_KEY"];
  const account = key ? { GOOGLE_APPLICATION_CREDENTIALS: files.writeFile("google-service-account.json", key) } : {};
  return {
    url: container("gs", gcs.bucket, gcs.prefix),
    env: { ...pick(secret, ["GOOGLE_PROJECT_ID"]), ...account },
    options: limit("gs", gcs),
  };
}

/** User and password travel beside the URL: in it they would have to be encoded, and could show. */
function restPlace(url: string, secret: SecretValues): Place {
  const { REST_SERVER_USERNAME: user, REST_SERVER_PASSWORD: password } = pick(secret, [
    "REST_SERVER_USERNAME",
    "REST_SERVER_PASSWORD",
  ]);
  if (user === undefined) return { url: `rest:${url}` };
  return {
    url: `rest:${url.replace(/^(https?:\/\/)[^/@]*@/, "$1")}`,
    env: { RESTIC_REST_USERNAME: user, ...(password === undefined ? {} : { RESTIC_REST_PASSWORD: password }) },
  };
}

const swiftKeys = [
  ...["ST_AUTH", "ST_USER", "ST_KEY"],
  ...["OS_AUTH_URL", "OS_REGION_NAME", "OS_USERNAME", "OS_PASSWORD", "OS_TENANT_ID", "OS_TENANT_NAME"],
  ...["OS_USER_DOMAIN_NAME", "OS_PROJECT_NAME", "OS_PROJECT_DOMAIN_NAME"],
  ...["OS_APPLICATION_CREDENTIAL_ID", "OS_APPLICATION_CREDENTIAL_NAME", "OS_APPLICATION_CREDENTIAL_SECRET"],
  ...["OS_STORAGE_URL", "OS_AUTH_TOKEN"],
];

function container(scheme: string, name: string, path: string | undefined): string {
  return `${scheme}:${name}:/${segments(path).join("/")}`;
}

/** Leading, trailing and doubled slashes are no part of an object's name with Stash. */
function segments(path = ""): string[] {
  return path.split("/").filter((segment) => segment !== "");
}

function limit(scheme: string, { maxConnections = 0 }: { readonly maxConnections?: number | undefined }): string[] {
  return maxConnections > 0 ? ["--option", `${scheme}.connections=${maxConnections}`] : [];
}

/** A Secret made with `echo` ends in a line feed that no key has. */
function pick(secret: SecretValues, keys: readonly string[]): Record<string, string> {
  const found = keys.map((key) => [key, secret[key]?.trim() ?? ""] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== ""));
}

function demand(secret: SecretValues, keys: readonly string[]): Record<string, string> {
  const found = pick(secret, keys);
  const absent = keys.find((key) => found[key] === undefined);
  if (absent !== undefined) throw missing(absent);
  return found;
}

function missing(key: string): Failure {
  return new Failure("configuration-invalid", `the storage secret lacks the key ${key}`, { details: { key } });
}
