import { Failure } from "../kit/failures.ts";

/** Why two sides do not come to TLS with each other. No waiting mends any of it; what does, each caller says in its own words. */
const troubles = [
  /** The certificate is for another name. */
  "name",
  /** The certificate's time is over, or has not come. */
  "expired",
  /** Nobody that we trust signed the certificate. */
  "issuer",
  /** The server refuses our certificate, or misses it. */
  "client",
  /** The server has no TLS. */
  "absent",
  /** One side begins with TLS, and the other does not. */
  "order",
] as const;
export type TlsTrouble = (typeof troubles)[number];

/** For the details of a failure. */
export function tlsDetails(tls: TlsTrouble): { readonly tls: TlsTrouble } {
  return { tls };
}

/** Of a failure or of what caused it. */
export function tlsTroubleOf(failure: Failure): TlsTrouble | undefined {
  for (let at: unknown = failure; at instanceof Error; at = at.cause) {
    const said = Failure.is(at) ? at.details["tls"] : undefined;
    const found = troubles.find((trouble) => trouble === said);
    if (found !== undefined) return found;
  }
  return undefined;
}
