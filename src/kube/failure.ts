import { z } from "zod";
import { describe, Failure, type FailureCode, type FailureOptions } from "../kit/failures.ts";

/** Kubernetes' own words for why a request failed, and three of ours for what never was an answer of an API server. */
export type Reason =
  | "AlreadyExists"
  | "BadRequest"
  | "Conflict"
  | "Expired"
  | "Forbidden"
  | "Invalid"
  | "MethodNotAllowed"
  | "NotFound"
  | "ServiceUnavailable"
  | "Timeout"
  | "TooManyRequests"
  | "Unauthorized"
  | "InternalError"
  // no such kind on this server
  | "NotServed"
  // no connection, or it broke
  | "Unreachable"
  // an answer that is no JSON, too large, or cut off
  | "Unreadable";

export interface KubeFailureOptions extends FailureOptions {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** A `Reason`, or another word of the server's. */
  readonly reason: string;
  readonly retryAfterMs?: number | undefined;
}

/** A request to an API server that failed. The message says what was being done to which object, and what the server said. */
export class KubeFailure extends Failure {
  readonly status: number;
  readonly reason: string;
  /** What the server asked to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(code: FailureCode, message: string, { status, reason, retryAfterMs, ...options }: KubeFailureOptions) {
    super(code, message, options);
    this.name = "KubeFailure";
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }

  static isReason(error: unknown, ...reasons: readonly Reason[]): error is KubeFailure {
    return error instanceof KubeFailure && reasons.some((reason) => reason === error.reason);
  }
}

/** What an API server sends instead of an object. */
export const Status = z.looseObject({
  kind: z.literal("Status"),
  message: z.string().nullish(),
  reason: z.string().nullish(),
  code: z.int().nullish(),
  details: z
    .looseObject({ name: z.string().nullish(), kind: z.string().nullish(), retryAfterSeconds: z.number().nullish() })
    .nullish(),
});
export type Status = z.infer<typeof Status>;

export interface Refusal {
  /** What was being done to what: "reading Secret demo/storage". */
  readonly action: string;
  readonly status: number;
  /** The whole body. */
  readonly body: string;
  /** The header Retry-After. */
  readonly retryAfter?: string | undefined;
}

/** The failure that an answer of 400 and more stands for. */
export function refusalOf({ action, status, body, retryAfter }: Refusal): KubeFailure {
  const said = parseStatus(body);
  const reason = reasonOf(status, said);
  const text = said?.message ?? oneLine(body);
  const message = `${action}: ${text === "" ? `the API server answered ${status}` : text}`;
  const retryAfterMs = millisecondsOf(retryAfter) ?? secondsOf(said);
  return new KubeFailure(codeOf(status, reason), message, { status, reason, retryAfterMs, ...hintOf(status, reason) });
}

/** The failure that an event of type ERROR in a watch stands for. */
export function watchFailure(action: string, object: unknown): KubeFailure {
  const status = Status.safeParse(object).data?.code ?? 500;
  return refusalOf({ action, status, body: JSON.stringify(object) ?? "" });
}

/** The failure of a request that got no answer. */
export function unreachable(action: string, server: string, cause: unknown): KubeFailure {
  const code = codeText(cause);
  const isTrust = /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO|SSL|TLS/.test(code);
  return new KubeFailure("cluster-unreachable", `${action}: ${server}: ${describe(cause) || code}`, {
    status: 0,
    reason: "Unreachable",
    cause,
    ...(isTrust
      ? { hint: "the certificates do not fit: check the CA, the server's name and the client certificate" }
      : {}),
  });
}

/** An answer came, but not one that can be read. */
export function unreadable(action: string, what: string, cause?: unknown): KubeFailure {
  return new KubeFailure("cluster-refused", `${action}: ${what}`, { status: 0, reason: "Unreadable", cause });
}

function parseStatus(body: string): Status | undefined {
  try {
    return Status.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

/** Whether a 404 says that the object is not there, rather than that nobody serves such objects. */
function isObjectMissing(said: Status | undefined): boolean {
  return (said?.details?.name ?? "") !== "";
}

function reasonOf(status: number, said: Status | undefined): string {
  if (status === 404 && !isObjectMissing(said)) return "NotServed";
  // "Gone" in servers before 1.18, and in some answers still
  if (status === 410) return "Expired";
  return said?.reason || (reasons[status] ?? (status >= 500 ? "InternalError" : "BadRequest"));
}

const reasons: Readonly<Record<number, Reason>> = {
  401: "Unauthorized",
  403: "Forbidden",
  405: "MethodNotAllowed",
  409: "Conflict",
  422: "Invalid",
  429: "TooManyRequests",
  502: "ServiceUnavailable",
  503: "ServiceUnavailable",
  504: "Timeout",
};

function codeOf(status: number, reason: string): FailureCode {
  switch (status) {
    case 409:
      return reason === "AlreadyExists" ? "object-exists" : "object-changed";
    case 401:
    case 403:
      return "not-permitted";
    case 404:
      return "object-not-found";
    case 422:
      return "configuration-invalid";
    case 502:
    case 503:
    case 504:
      return "cluster-unreachable";
    default:
      return "cluster-refused";
  }
}

function hintOf(status: number, reason: string): { readonly hint?: string } {
  if (status === 401) return { hint: "the API server does not know these credentials; they may have run out" };
  if (status === 403) return { hint: "a Role must allow this; kubectl auth can-i shows what is allowed" };
  if (reason === "NotServed")
    return { hint: "this kind is not installed; for ours: coldstream crds | coldstream apply -f -" };
  return {};
}

/** Seconds, or a date, which no API server sends. */
function millisecondsOf(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined;
}

function secondsOf(said: Status | undefined): number | undefined {
  const seconds = said?.details?.retryAfterSeconds;
  return seconds === undefined || seconds === null || seconds <= 0 ? undefined : seconds * 1000;
}

function oneLine(body: string): string {
  const text = body.replaceAll(/\s+/g, " ").trim();
  return text.startsWith("<") ? "" : text.slice(0, 300);
}

function codeText(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}
