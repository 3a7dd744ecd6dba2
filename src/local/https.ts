import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request } from "node:https";
import type { Certificate } from "../kit/certificate.ts";

export type Incoming = IncomingMessage;
export type Outgoing = ServerResponse;

export interface Listening {
  readonly port: number;
  /** Ends every connection. */
  close(): Promise<void>;
}

export interface ListenOptions extends Certificate {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** Rejects with the system's error when the port is taken. */
export async function listen(
  options: ListenOptions,
  answer: (incoming: Incoming, outgoing: Outgoing) => void,
): Promise<Listening> {
  const server = createServer({ cert: options.certificate, key: options.key, keepAliveTimeout: 120_000 }, answer);
  server.listen(options.port, options.host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the server has no port");
  return {
    port: address.port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export interface Dial {
  readonly host: string;
  readonly port: number;
  /** From the slash on, query included. */
  readonly path: string;
  /** Who we are there. */
  readonly identity: Certificate;
  readonly signal: AbortSignal;
}

/**
 * GET from a node's own server. Its certificate is its own making, so it is not checked: as with a kubelet, whose
 * certificate API servers do not check unless told to.
 */
export async function dial({ host, port, path, identity, signal }: Dial): Promise<Incoming> {
  const tls = { cert: identity.certificate, key: identity.key, rejectUnauthorized: false };
  return await new Promise((resolve, reject) => {
    const sent = request({ ...tls, host, port, path, signal, agent: false }, resolve);
    sent.on("error", reject);
    sent.end();
  });
}
