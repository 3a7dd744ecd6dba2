import type { Certificate } from "../kit/certificate.ts";
import type { User } from "./auth.ts";
import type { Authority } from "./authority.ts";
import type { Incoming, Outgoing } from "./https.ts";
import type { JsonObject } from "./json.ts";
import type { ObjectAt, Objects } from "./objects.ts";
import { badRequest, methodNotAllowed } from "./status.ts";
import type { Target } from "./target.ts";

/** What answering needs beside the request. */
export interface Backing {
  readonly objects: Objects;
  readonly authority: Authority;
  /** What ServiceAccounts' tokens are signed with. */
  readonly tokenKey: Uint8Array;
  /** Whom nodes show their logs. */
  readonly client: Certificate;
}

/** What is asked of which resource, by whom. */
export interface Ask extends Backing {
  readonly verb: Verb;
  readonly target: Target;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  readonly signal: AbortSignal;
}

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

export interface Answer {
  readonly code: number;
  /** JSON; pieces of it are sent one after the other. Bytes are a protobuf message. */
  readonly body: string | JsonObject | Uint8Array | Generator<string, void, undefined>;
}

export function objectOf({ target }: Pick<Ask, "target">): ObjectAt {
  const { resource, namespace = "", name } = target;
  if (name === undefined) throw methodNotAllowed();
  return { resource, namespace, name };
}

export function isDryRun(query: URLSearchParams): boolean {
  const value = query.get("dryRun");
  if (value === null || value === "") return false;
  if (value === "All") return true;
  throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(value)}: supported values: "All"`);
}
