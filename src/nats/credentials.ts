import { fromSeed } from "@nats-io/nkeys";
import { Failure } from "../kit/failures.ts";
import type { ServerUrl } from "./server-url.ts";

/** How a client proves who it is. Texts are the contents of files, never paths. */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "user"; readonly user: string; readonly password: string }
  | { readonly kind: "token"; readonly token: string }
  /** A seed, or the text of a seed file (`nk -pubout` writes the public key into a second line). */
  | { readonly kind: "nkey"; readonly seed: string }
  /** The text of a `.creds` file. */
  | { readonly kind: "creds"; readonly text: string };

/** The seed line (`SU...`) of a seed file's text. Throws `credentials-unreadable`. */
export function parseSeed(text: string): string {
  const seed = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .find((line) => /^S[A-Z2-7]{57}$/.test(line));
  if (seed === undefined) throw new Failure("credentials-unreadable", "the nkey text holds no seed (a line SU...)");
  try {
    // the library would throw in the middle of the handshake
    fromSeed(new TextEncoder().encode(seed));
  } catch (cause) {
    throw new Failure("credentials-unreadable", "the nkey seed is not a valid one", { cause });
  }
  return seed;
}

/** JWT and seed of a `.creds` text, whatever its line ends. Throws `credentials-unreadable`. */
export function parseCreds(text: string): { readonly jwt: string; readonly seed: string } {
  const blocks = [...text.matchAll(/-{3,} *BEGIN [^\n]*?-{3,}\s*([^\s-]\S*)\s*-{3,} *END [^\n]*?-{3,}/g)];
  const jwt = blocks[0]?.[1];
  const seed = blocks[1]?.[1];
  if (jwt === undefined || seed === undefined) {
    throw new Failure("credentials-unreadable", "the creds text holds no JWT and seed between BEGIN and END lines");
  }
  return { jwt, seed: parseSeed(seed) };
}

/** What to log in with at this server: its URL wins. */
export function credentialsOf({ login }: ServerUrl, credentials: Credentials = { kind: "none" }): Credentials {
  if (login === undefined) return credentials;
  if (login.password === undefined) return { kind: "token", token: login.user };
  return { kind: "user", user: login.user, password: login.password };
}
