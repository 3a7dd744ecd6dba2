import { Failure } from "../kit/failures.ts";
import { unbracketed } from "../kit/hosts.ts";

/** Where a server listens, and what its URL says about the login. */
export interface ServerUrl {
  /** For the socket; IPv6 addresses in brackets. */
  readonly hostPort: string;
  /** Without port and brackets, for certificates. */
  readonly host: string;
  /** `tls://`: refuse to talk in plain text. */
  readonly tls: boolean;
  /** `user` without password is a token, as in every NATS client. */
  readonly login: { readonly user: string; readonly password: string | undefined } | undefined;
}

/** The port of a URL that names none. */
const defaultPort = "4222";

/**
 * Parses `nats://`, `tls://` or bare `host:port` addresses; one text may hold several with commas between them.
 * Throws `usage` for anything else; the message never repeats a password.
 */
export function parseServerUrls(texts: readonly string[]): ServerUrl[] {
  const pieces = texts.flatMap((text) => text.split(",")).map((text) => text.trim());
  const urls = pieces.filter((text) => text !== "").map(parseServerUrl);
  if (urls.length === 0) throw new Failure("usage", "no server address was given");
  return urls;
}

function parseServerUrl(text: string): ServerUrl {
  const full = text.includes("://") ? text : `nats://${text}`;
  const shown = full.replace(/\/\/[^/]*@/, "//***@");
  if (!URL.canParse(full)) throw new Failure("usage", `${shown} is not a server address`);
  const url = new URL(full);
  if (url.protocol === "ws:" || url.protocol === "wss:") {
    throw new Failure("usage", `${shown}: WebSocket addresses are not supported; use nats:// or tls://`);
  }
  if ((url.protocol !== "nats:" && url.protocol !== "tls:") || url.hostname === "") {
    throw new Failure("usage", `${shown} is not a server address; it should look like nats://host:4222`);
  }
  const hasLogin = url.username !== "" || url.password !== "";
  return {
    hostPort: `${url.hostname}:${url.port === "" ? defaultPort : url.port}`,
    host: unbracketed(url.hostname),
    tls: url.protocol === "tls:",
    login: hasLogin
      ? { user: decode(url.username), password: url.password === "" ? undefined : decode(url.password) }
      : undefined,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
