import { resolve } from "node:path";
import { Failure } from "../kit/failures.ts";
import { unbracketed } from "../kit/hosts.ts";

/** What a repository's address says before restic looks at it. */
export interface Address {
  /** What restic is given; a local one is absolute, because restic is run in other folders too. */
  readonly url: string;
  /** Without user and password, for people. */
  readonly shown: string;
  /** Parts of it that must never be shown. */
  readonly secrets: readonly string[];
  readonly place: Place;
}

export type Place =
  | { readonly kind: "folder"; readonly path: string }
  /** Reached by TCP at host and port: worth a knock before restic, which itself tries for minutes. */
  | { readonly kind: "network"; readonly host: string; readonly port: number; readonly encrypted: boolean }
  /** Reached in ways only restic knows (sftp, rclone, clouds whose host depends on keys and regions). */
  | { readonly kind: "elsewhere" };

const scheme = /^(s3|rest|gs|azure|swift|b2|sftp|rclone|local):/;

/** Reads a repository address as restic would. Throws `configuration-invalid`. */
export function readAddress(url: string, env: Readonly<Record<string, string | undefined>>): Address {
  if (url === "" || url.includes("\0") || url.includes("\n")) {
    throw new Failure("configuration-invalid", "the repository address is empty or more than one line");
  }
  const kind = scheme.exec(url)?.[1];
  if (kind === undefined || kind === "local") {
    const path = resolve(url.replace(/^local:/, ""));
    return { url: path, shown: path, secrets: [], place: { kind: "folder", path } };
  }
  const { shown, secrets } = hideUser(url);
  return { url, shown, secrets, place: placeOf(kind, url.slice(kind.length + 1), env) };
}

function placeOf(kind: string, rest: string, env: Readonly<Record<string, string | undefined>>): Place {
  switch (kind) {
    case "s3":
      return endpoint(/^https?:\/\//.test(rest) ? rest : `https://${rest.replace(/^\/\//, "")}`);
    case "rest":
      return endpoint(rest);
    case "gs":
      return endpoint("https://storage.googleapis.com");
    case "b2":
      return endpoint("https://api.backblazeb2.com");
    case "swift":
      return endpoint(env["OS_STORAGE_URL"] ?? env["OS_AUTH_URL"] ?? env["ST_AUTH"] ?? "");
    case "azure": {
      const account = env["AZURE_ACCOUNT_NAME"];
      const suffix = env["AZURE_ENDPOINT_SUFFIX"] ?? "core.windows.net";
      return account === undefined ? { kind: "elsewhere" } : endpoint(`https://${account}.blob.${suffix}`);
    }
    default:
      return { kind: "elsewhere" };
  }
}

function endpoint(text: string): Place {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return { kind: "elsewhere" };
  const { protocol, hostname, port } = new URL(text);
  const encrypted = protocol === "https:";
  const host = unbracketed(hostname);
  return { kind: "network", host, port: port === "" ? (encrypted ? 443 : 80) : Number(port), encrypted };
}

function hideUser(url: string): { readonly shown: string; readonly secrets: readonly string[] } {
  // The last @ before the path ends the user part: passwords may hold an unencoded one.
  const match = /^([a-z0-9]+:(?:[a-z]+:)?\/\/)([^/]*)@(.*)$/s.exec(url);
  const [, start = "", user = "", rest = ""] = match ?? [];
  if (match === null || url.startsWith("sftp:")) return { shown: url, secrets: [] };
  const password = user.includes(":") ? user.slice(user.indexOf(":") + 1) : "";
  return { shown: start + rest, secrets: [password, decoded(password)].filter((text) => text !== "") };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
