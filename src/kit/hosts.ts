export interface HostAddress {
  readonly address: string;
  readonly port: number;
}

/** Where the hosts of a cluster are reached from this machine. */
export interface Hosts {
  /** undefined: the name means what it says. TLS still checks the original name. */
  lookup(host: string, port: number): HostAddress | undefined;
}

/**
 * `table`: `host[:port]` as in the cluster -> `address[:port]` (the pod runner's COLDSTREAM_HOSTS; empty in a real
 * container). An entry with a port goes before one without; a port that an address does not say stays the same.
 */
export function openHosts(table: Readonly<Record<string, string>>): Hosts {
  const entries = new Map(Object.entries(table).map(([host, place]) => [normal(host), place]));
  return {
    lookup(host, port) {
      const name = normal(host);
      const place = entries.get(`${name}:${port}`) ?? entries.get(name);
      return place === undefined ? undefined : split(place, port);
    },
  };
}

/** Names are the same in any case, and with the dot of a whole name. */
function normal(host: string): string {
  return host.toLowerCase().replace(/\.(?=$|:\d+$)/, "");
}

function split(place: string, port: number): HostAddress {
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<four>[^:]*))(?::(?<port>\d+))?$/.exec(place);
  const { six, four, port: own } = match?.groups ?? {};
  const address = six ?? four;
  if (address === undefined) return { address: place, port };
  return { address, port: own === undefined ? port : Number(own) };
}

/** For URLs and `host:port` texts. */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** For sockets and certificates, which take no brackets. */
export function unbracketed(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** Where a server that listens at `host` is reached from this machine, for URLs: one that listens everywhere at 127.0.0.1. */
export function reachable(host: string): string {
  return host === "0.0.0.0" || host === "::" ? "127.0.0.1" : bracketed(host);
}

/** What to do about an address that a server could not listen at. `option` names it. */
export function listenHint(error: unknown, option: string): string {
  const isForeign = error instanceof Error && "code" in error && error.code === "EADDRNOTAVAIL";
  return isForeign
    ? `this machine does not have that address: name one that it has with ${option}, or 0.0.0.0 for all of them`
    : `end the program that uses the address, or name another one with ${option}`;
}

/** What a socket says that found nobody. Node's error for several addresses at once has a code but no text. */
export function whyUnreached(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the name does not resolve";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "no route to it";
    case "ECONNRESET":
      return "the connection was cut";
    default:
      return error instanceof Error && error.message !== "" ? error.message : code;
  }
}
