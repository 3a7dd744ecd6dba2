import { Failure, type FailureCode } from "../kit/failures.ts";
import { type TlsTrouble, tlsDetails } from "./tls-trouble.ts";

export interface Attempt {
  readonly hostPort: string;
  readonly timeoutMs: number;
  /** The server had shown a certificate to trust. */
  readonly wasTrusted: boolean;
}

/** What the dialer threw, as one sentence with a code: `not-permitted`, `timed-out` or `server-unreachable`. */
export function connectFailure(error: unknown, { hostPort, timeoutMs, wasTrusted }: Attempt): Failure {
  if (error instanceof Failure) return error;
  const name = error instanceof Error ? error.name : "";
  const code = systemCode(error);
  if (name === "AuthorizationError" || name === "UserAuthenticationExpiredError") {
    return failure("not-permitted", `${hostPort} refused the login: ${text(error)}`);
  }
  const mistake = tlsFailure(error, { code, hostPort, wasTrusted });
  if (mistake !== undefined) return mistake;
  if (name === "TimeoutError") {
    return failure("timed-out", `no NATS server answered at ${hostPort} within ${timeoutMs / 1000} s`);
  }
  const reason = reasons[code];
  if (reason !== undefined) return failure("server-unreachable", `cannot reach ${hostPort}: ${reason}`);
  return failure("server-unreachable", `cannot connect to ${hostPort}: ${text(error)}`);

  function failure(failureCode: FailureCode, message: string): Failure {
    return new Failure(failureCode, message, { cause: error });
  }
}

/** What is wrong with TLS. Without its cause: what OpenSSL says of it are positions in its source. */
function tlsFailure(
  error: unknown,
  { code, hostPort, wasTrusted }: Pick<Attempt, "hostPort" | "wasTrusted"> & { readonly code: string },
): Failure | undefined {
  // with TLS 1.3 the alert that says so may be lost to the reset that follows it
  if (/ALERT_(CERTIFICATE_\w+|BAD_CERTIFICATE|UNKNOWN_CA)/.test(code) || (wasTrusted && isReset(code))) {
    const details = tlsDetails("client");
    return new Failure("not-permitted", `${hostPort} refused the client certificate, or wants one`, { details });
  }
  if (isCertificateCode(code)) {
    const hint = "give the CA that signed the server's certificate, or the name it was issued for";
    const why = text(error).replace(nodeAdvice, "");
    const details = tlsDetails(certificateTrouble(code));
    return new Failure("server-unreachable", `${hostPort} has no certificate to trust: ${why}`, { hint, details });
  }
  if (code.startsWith("ERR_SSL") || code === "EPROTO") {
    const hint = "does the server speak TLS first, or not at all?";
    const details = tlsDetails("order");
    return new Failure("server-unreachable", `no TLS with ${hostPort}: ${opensslReason(error)}`, { hint, details });
  }
  // the library's refusal has no code
  if (!(error instanceof Error && error.message === "server does not support 'tls'")) return undefined;
  const hint = "enable TLS on the server, or ask for none";
  const details = tlsDetails("absent");
  return new Failure("server-unreachable", `no TLS with ${hostPort}: the server does not offer it`, { hint, details });
}

/** Of command lines that nobody here sees. */
const nodeAdvice = /; if the root CA is installed locally.*$/;

function certificateTrouble(code: string): TlsTrouble {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "name";
  return /EXPIRED|NOT_YET_VALID/.test(code) ? "expired" : "issuer";
}

/** The most telling of the failures with several servers: a refused login before a silent or an absent one. */
export function worstFailure(failures: readonly Failure[]): Failure {
  const order: readonly FailureCode[] = ["interrupted", "not-permitted", "timed-out"];
  for (const code of order) {
    const found = failures.find((one) => one.code === code);
    if (found !== undefined) return found;
  }
  const [first] = failures;
  if (first === undefined || failures.length === 1) return first ?? new Failure("usage", "no server address was given");
  return new Failure(first.code, `none of ${failures.length} servers can be reached; ${first.message}`, {
    cause: first.cause,
    details: first.details,
  });
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "there is no such host name",
  EAI_AGAIN: "its name cannot be looked up now",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ETIMEDOUT: "the network does not answer",
  ECONNRESET: "it closed the connection",
  EPIPE: "it closed the connection",
};

function isReset(code: string): boolean {
  return code === "ECONNRESET" || code === "EPIPE";
}

function isCertificateCode(code: string): boolean {
  return /^ERR_TLS|CERT|SIGNATURE|ISSUER|^UNABLE_TO/.test(code) && !code.startsWith("ERR_SSL");
}

/** The first Node or OpenSSL code in the chain of causes. */
function systemCode(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return "";
}

/** As in `wrong version number`; OpenSSL puts it into `reason`. */
function opensslReason(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("reason" in at && typeof at.reason === "string") return at.reason;
  }
  return text(error);
}

function text(error: unknown): string {
  if (!(error instanceof Error)) return "it closed the connection";
  const line = error.message.replace(/^'(.*)'$/, "$1").trim();
  return line === "" || line.includes("undefined error") ? "it closed the connection" : line;
}
