import type { Backend } from "../api/backend.ts";
import { Failure } from "../kit/failures.ts";
import type { RepositoryAddress } from "../repository/backend.ts";
import { resticConfig, resticFolders } from "../repository/rest-wipe.ts";

/**
 * Where a repository lies, as rclone is told: a remote made of variables (no secret in arguments, no file), and the
 * path in it. Pure.
 */
export interface BucketPlace {
  readonly env: Readonly<Record<string, string>>;
  readonly bucket: string;
  /** Without slashes at its ends; "" for the whole bucket. */
  readonly prefix: string;
}

type Values = Readonly<Record<string, string | undefined>>;

/** undefined for what is no object store: restic's REST server. Throws `configuration-invalid` for local and b2. */
export function bucketPlace(backend: Backend, { env, options }: RepositoryAddress): BucketPlace | undefined {
  const { s3, gcs, azure, swift } = backend;
  const trust = trustOf(options);
  if (s3 !== undefined) return { ...place(s3.bucket, s3.prefix), env: { ...remote(s3Settings(s3, env)), ...trust } };
  if (gcs !== undefined) return { ...place(gcs.bucket, gcs.prefix), env: { ...remote(gcsSettings(env)), ...trust } };
  if (azure !== undefined) {
    return { ...place(azure.container, azure.prefix), env: { ...remote(azureSettings(azure, env)), ...trust } };
  }
  if (swift !== undefined) {
    return { ...place(swift.container, swift.prefix), env: { ...remote(swiftSettings(env)), ...trust } };
  }
  if (backend.rest !== undefined) return undefined;
  throw new Failure("configuration-invalid", "wipeOut cannot be used with the backends local and b2", {
    hint: "set spec.wipeOut to false, and delete the data by hand",
  });
}

function place(bucket: string, prefix = ""): Pick<BucketPlace, "bucket" | "prefix"> {
  const segments = prefix.split("/").filter((segment) => segment !== "");
  // rclone would go up: to another repository, or to the whole bucket
  if (segments.some((segment) => segment === "." || segment === "..") || bucket === "" || bucket.includes("/")) {
    throw new Failure("configuration-invalid", `nothing is deleted at ${bucket}/${prefix}: that is no plain path`);
  }
  return { bucket, prefix: segments.join("/") };
}

function remote(settings: Values): Record<string, string> {
  const given = Object.entries(settings).filter((entry): entry is [string, string] => (entry[1] ?? "") !== "");
  return Object.fromEntries(given.map(([name, value]) => [`RCLONE_CONFIG_WIPE_${name}`, value]));
}

function s3Settings({ endpoint, region }: NonNullable<Backend["s3"]>, env: Values): Values {
  const key = env["AWS_ACCESS_KEY_ID"];
  const isAmazon = /(^|\.|\/)amazonaws\.com(\.cn)?(:\d+)?\/?$/.test(endpoint);
  return {
    TYPE: "s3",
    PROVIDER: isAmazon ? "AWS" : "Other",
    ENDPOINT: /^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`,
    REGION: region || (isAmazon ? "us-east-1" : undefined),
    ACCESS_KEY_ID: key,
    SECRET_ACCESS_KEY: env["AWS_SECRET_ACCESS_KEY"],
    SESSION_TOKEN: env["AWS_SESSION_TOKEN"],
    ENV_AUTH: key === undefined ? "true" : "false",
    // asking whether the bucket is there would need a right that deleting does not
    NO_CHECK_BUCKET: "true",
  };
}

function gcsSettings(env: Values): Values {
  const file = env["GOOGLE_APPLICATION_CREDENTIALS"];
  return {
    TYPE: "google cloud storage",
    PROJECT_NUMBER: env["GOOGLE_PROJECT_ID"],
    SERVICE_ACCOUNT_FILE: file,
    ENV_AUTH: file === undefined ? "true" : "false",
  };
}

function azureSettings({ container }: NonNullable<Backend["azure"]>, env: Values): Values {
  const [account, key, sas] = [env["AZURE_ACCOUNT_NAME"], env["AZURE_ACCOUNT_KEY"], env["AZURE_ACCOUNT_SAS"]];
  const url =
    sas === undefined ? undefined : `https://${account}.blob.core.windows.net/${container}?${sas.replace(/^\?/, "")}`;
  const isOpen = key === undefined && sas === undefined;
  return { TYPE: "azureblob", ACCOUNT: account, KEY: key, SAS_URL: url, ENV_AUTH: isOpen ? "true" : "false" };
}

/** rclone reads OS_* by itself, but not the variables of the first version. */
function swiftSettings(env: Values): Values {
  const isFirst = env["ST_AUTH"] !== undefined;
  const first = { AUTH: env["ST_AUTH"], USER: env["ST_USER"], KEY: env["ST_KEY"], AUTH_VERSION: "1" };
  return { TYPE: "swift", ENV_AUTH: isFirst ? "false" : "true", ...(isFirst ? first : {}) };
}

function trustOf(options: readonly string[]): Record<string, string> {
  const at = options.indexOf("--cacert");
  const authorities = at === -1 ? undefined : options[at + 1];
  return {
    ...(authorities === undefined ? {} : { RCLONE_CA_CERT: authorities }),
    ...(options.includes("--insecure-tls") ? { RCLONE_NO_CHECK_CERTIFICATE: "true" } : {}),
  };
}

/**
 * What is deleted: all below the prefix; without one only what restic made, for the bucket may hold other things. A
 * repository of somebody else below the prefix is not to be touched, so then nothing is.
 */
export type Wipe =
  | { readonly kind: "nothing" }
  | { readonly kind: "all" }
  | { readonly kind: "own" }
  | { readonly kind: "refused"; readonly other: string };

/** `files`: paths below the prefix. */
export function decideWipe(files: readonly string[], prefix: string): Wipe {
  const own = files.filter(isOwn);
  if (prefix === "") return own.length === 0 ? { kind: "nothing" } : { kind: "own" };
  if (files.length === 0) return { kind: "nothing" };
  const other = files.find((file) => !isOwn(file) && file.endsWith(`/${resticConfig}`));
  return other === undefined ? { kind: "all" } : { kind: "refused", other: other.slice(0, -`/${resticConfig}`.length) };
}

/** Whether restic made it, in a repository that lies right here. */
export function isOwn(file: string): boolean {
  return file === resticConfig || resticFolders.some((folder) => file.startsWith(`${folder}/`));
}
