import type { Hosts } from "../kit/hosts.ts";

/** How an API server is reached, and as whom. Made by kubeconfig.ts and in-cluster.ts, or by hand. */
export interface ClusterSettings {
  /** https://host:port, also http:// and with a path before /api. */
  readonly server: string;
  /** PEM. Absent: the authorities that Node trusts. A function is asked before every request: files rotate. */
  readonly ca?: Rotating<string>;
  /** The name that the server's certificate must carry, when it is not the host of `server`. */
  readonly serverName?: string;
  /** Take any certificate. */
  readonly insecure?: boolean;
  readonly token?: Rotating<string | undefined>;
  readonly clientCertificate?: Rotating<ClientCertificate | undefined>;
  readonly basic?: { readonly user: string; readonly password: string };
  /** After a 401: whether there may be other credentials by now. The request is then sent once more. */
  readonly renew?: () => Promise<boolean> | boolean;
  /** Where to dial instead (kit/hosts.ts). TLS still checks the original name. */
  readonly resolve?: Hosts["lookup"];
  readonly limits?: Partial<Limits>;
}

export type Rotating<T> = T | (() => Promise<T> | T);

/** PEM. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface Limits {
  /** Without a byte from the server a request fails after this long. */
  readonly requestMs: number;
  /** A request is not tried again later than this after its first try. */
  readonly retryMs: number;
  /** A watch without a byte for this long is given up. Servers send a bookmark every minute, up to a quarter later. */
  readonly silenceMs: number;
  /** The server is asked to end a watch after this long, up to twice as long. */
  readonly watchMs: number;
  /** Connections for requests. A watch has one of its own. */
  readonly connections: number;
  readonly pageItems: number;
  readonly answerBytes: number;
}

export const usualLimits: Limits = {
  requestMs: 30_000,
  retryMs: 30_000,
  silenceMs: 100_000,
  watchMs: 300_000,
  connections: 32,
  pageItems: 500,
  answerBytes: 256 * 1024 * 1024,
};
