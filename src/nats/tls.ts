import { isIP } from "node:net";
import { checkServerIdentity, createSecureContext, type PeerCertificate } from "node:tls";
import { Failure } from "../kit/failures.ts";
import type { ServerUrl } from "./server-url.ts";

export interface TlsOptions {
  /** PEM texts. */
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  /** The name the server's certificate must carry, when it is not the host of the URL. */
  readonly serverName?: string;
  /** Start TLS before the server says anything (`handshake_first` of the server). */
  readonly handshakeFirst?: boolean;
  /** Accept any certificate. */
  readonly insecure?: boolean;
}

/** Written while a connection is made. */
export interface Handshake {
  /** The server's certificate was accepted: what fails from here on is ours to prove. */
  isTrusted: boolean;
}

/**
 * What nats.js hands to node:tls; undefined leaves TLS to what the server wants. Throws `credentials-unreadable` for
 * PEM texts OpenSSL does not take.
 */
export function tlsSettings(server: ServerUrl, tls: TlsOptions | undefined, handshake: Handshake) {
  if (tls === undefined) return server.tls ? {} : undefined;
  const { cert, key, ca, handshakeFirst, insecure, serverName } = tls;
  const pems = {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
  };
  try {
    createSecureContext(pems);
  } catch (cause) {
    throw new Failure("credentials-unreadable", "the TLS certificate, key or CA cannot be read", { cause });
  }
  const expected = serverName ?? server.host;
  return {
    ...pems,
    ...(handshakeFirst === true ? { handshakeFirst } : {}),
    ...(insecure === true ? { rejectUnauthorized: false } : {}),
    ...(serverName === undefined || isIP(serverName) !== 0 ? {} : { servername: serverName }),
    // nats.js upgrades the socket without telling Node which host it meant: Node would look for "localhost" in the
    // certificate of a server addressed by IP.
    checkServerIdentity: (_host: string, certificate: PeerCertificate) => {
      const mismatch = checkServerIdentity(expected, certificate);
      handshake.isTrusted = mismatch === undefined;
      return mismatch;
    },
  };
}
