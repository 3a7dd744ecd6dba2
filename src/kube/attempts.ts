import { KubeFailure } from "./failure.ts";

export interface Attempt {
  readonly method: string;
  /** How many have failed, this one included. */
  readonly tries: number;
  readonly failure: unknown;
  /** From 0 to 1. */
  readonly chance: number;
}

/** Milliseconds to wait before a failed request is sent again; undefined when it must not be. */
export function pauseBefore({ method, tries, failure, chance }: Attempt): number | undefined {
  if (!(failure instanceof KubeFailure) || !isRepeatable(method, failure)) return undefined;
  const own = Math.min(5_000, 100 * 2 ** (tries - 1)) * (0.5 + chance / 2);
  const { retryAfterMs = 0 } = failure;
  return Math.max(own, retryAfterMs * (1 + chance / 5));
}

function isRepeatable(method: string, failure: KubeFailure): boolean {
  const { status, retryAfterMs } = failure;
  // turned away before anything was done
  if (status === 429) return true;
  if (status === 0) return failure.reason === "Unreachable" && isBrokenConnection(method, codeOf(failure.cause));
  if (status < 500 || method === "POST") return false;
  return retryAfterMs !== undefined || (method === "GET" && status >= 502 && status <= 504);
}

/** A refused connection took no request with it; after a broken one only reading is safe to repeat. */
function isBrokenConnection(method: string, code: string): boolean {
  if (code === "ECONNREFUSED" || code === "EAI_AGAIN") return true;
  return method === "GET" && ["ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"].includes(code);
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}
