import { z } from "zod";
import { Failure, type FailureCode } from "../kit/failures.ts";
import { type JsonValue, parseJson, writeJson } from "../kit/json.ts";
import type { Connection } from "./connection.ts";
import { NoResponders } from "./requests.ts";
import { dropField, unknownField } from "./strict-mode.ts";

/** The request API of one account's JetStream. */
export interface JetStream {
  readonly connection: Connection;
  /** `$JS.API`, `$JS.<domain>.API` or a custom prefix; without the last dot. */
  readonly prefix: string;
  /**
   * Asks `<prefix>.<call>` and parses the answer. `body` is written as JSON (bigint allowed); undefined sends nothing.
   * Throws `ApiFailure` for an error answer, `jetstream-disabled` when nobody answers, else what `connection.request` throws.
   */
  request<T>(call: string, body: unknown, options: ApiRequestOptions<T>): Promise<T>;
}

export interface ApiRequestOptions<T> {
  readonly schema: z.ZodType<T>;
  /** Default: that of the JetStream. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** When given, fields the server does not know (strict mode, 2.12) are left out, and their names pushed here. */
  readonly dropped?: string[] | undefined;
}

export interface JetStreamOptions {
  readonly domain?: string | undefined;
  /** As exported to this account; wins over `domain`. */
  readonly apiPrefix?: string | undefined;
  /** Milliseconds for one request. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

/** An error answer of the server. `code` follows from its number, see `codeOf`. */
export class ApiFailure extends Failure {
  /** `err_code` of the server's errors.json, e.g. 10059. */
  readonly errorCode: number;
  /** The server's own words. */
  readonly description: string;

  constructor(call: string, errorCode: number, description: string) {
    super(codeOf(errorCode, description), `${call}: ${description} (${errorCode})`, { details: { errorCode } });
    this.errorCode = errorCode;
    this.description = description;
  }

  /** Whether `error` is an answer with one of these `err_code`s. */
  static has(error: unknown, ...errorCodes: readonly number[]): error is ApiFailure {
    return error instanceof ApiFailure && errorCodes.includes(error.errorCode);
  }
}

/** Opens nothing: only remembers where to ask. Throws `usage` for a prefix or domain no subject can hold. */
export function openJetStream(connection: Connection, options: JetStreamOptions = {}): JetStream {
  const { domain, apiPrefix, timeoutMs } = options;
  const prefix = apiPrefix?.replace(/\.$/, "") ?? (domain === undefined ? "$JS.API" : `$JS.${domain}.API`);
  if (prefix === "" || /[ \t\r\n\f*>]|\.\.|^\.|\.$/.test(prefix)) {
    throw new Failure(
      "usage",
      `"${apiPrefix ?? domain}" cannot be a JetStream ${apiPrefix === undefined ? "domain" : "API prefix"}`,
    );
  }
  return {
    connection,
    prefix,
    request: (call, body, request) => requestApi({ connection, prefix }, { call, body }, { timeoutMs, ...request }),
  };
}

/** `name` as one token of a subject. Names may hold brackets or control characters; with these four they cannot exist. */
export function nameToken(name: string, kind: "stream" | "consumer" = "stream"): string {
  if (name !== "" && !/[ \t\r\n\f.*>]/.test(name)) return name;
  const hint = "names hold no spaces, dots, * or >";
  throw new Failure("usage", `${JSON.stringify(name)} cannot be the name of a ${kind}`, { hint });
}

/** An error answer's body, or undefined for any other. Throws SyntaxError. */
export function parseApiError(call: string, text: string): { readonly value: JsonValue; readonly error?: ApiFailure } {
  const value = parseJson(text);
  const { error } = ApiAnswer.parse(value);
  if (error == null) return { value };
  return { value, error: new ApiFailure(call, Number(error.err_code), error.description) };
}

const ApiAnswer = z.object({
  error: z.object({ err_code: z.bigint().default(0n), description: z.string().default("") }).nullish(),
});

async function requestApi<T>(
  { connection, prefix }: Pick<JetStream, "connection" | "prefix">,
  request: { readonly call: string; readonly body: unknown },
  options: ApiRequestOptions<T>,
): Promise<T> {
  const { call } = request;
  for (let body = request.body; ; ) {
    const payload = new TextEncoder().encode(body === undefined ? "" : writeJson(body));
    const { value, error } = parseAnswer(call, await ask(connection, `${prefix}.${call}`, payload, options));
    if (error === undefined) return parseValue(call, value, options.schema);
    const field = options.dropped === undefined ? undefined : unknownField(error);
    const without = field === undefined ? undefined : dropField(body, field);
    if (field === undefined || without === undefined) throw error;
    if (options.dropped?.includes(field) === false) options.dropped.push(field);
    body = without;
  }
}

async function ask<T>(connection: Connection, subject: string, payload: Uint8Array, options: ApiRequestOptions<T>) {
  const { timeoutMs, signal } = options;
  try {
    const { payload: answer } = await connection.request(subject, payload, { timeoutMs, signal });
    return new TextDecoder().decode(answer);
  } catch (cause) {
    if (!(cause instanceof NoResponders)) throw cause;
    throw new Failure("jetstream-disabled", `no JetStream answers at ${subject}`, { cause });
  }
}

function parseAnswer(call: string, text: string): ReturnType<typeof parseApiError> {
  try {
    return parseApiError(call, text);
  } catch (cause) {
    throw new Failure("unexpected", `the answer to ${call} is no JSON of JetStream's`, { cause });
  }
}

function parseValue<T>(call: string, value: JsonValue, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Failure("unexpected", `the answer to ${call} is not understood`, { cause: parsed.error });
}

/** The numbers are those of nats-server's server/errors.json; the two texts exist because 10064 and 10062 wrap many causes. */
function codeOf(errorCode: number, description: string): FailureCode {
  switch (errorCode) {
    case 10059:
      return "stream-not-found";
    case 10039:
    case 10076:
      return "jetstream-disabled";
    case 10056:
    case 10058:
    case 10065:
    case 10130:
      return "conflict";
    case 10062:
      return description.includes("subjects overlap") ? "conflict" : "server-refused";
    case 10064:
      if (description.includes("in progress")) return "snapshot-busy";
      return description.includes("no impl") ? "storage-unsupported" : "server-refused";
    default:
      return "server-refused";
  }
}
