import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import type { JsonObject } from "../kit/json.ts";
import { checkAborted } from "./abort.ts";
import type { Connection } from "./connection.ts";
import { type JetStream, nameToken } from "./jetstream.ts";
import { ConsumerInfo, StreamInfo } from "./stream.ts";
import { takeTurn } from "./turn.ts";

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for one request. */
  readonly timeoutMs?: number | undefined;
}

export interface ListOptions extends Waiting {
  /**
   * Streams or consumers that the server names without telling about them (their leader is away). Without a listener a
   * list with such holes is a failure.
   */
  onMissing?(missing: { readonly name: string; readonly reason: string | undefined }): void;
}

/** What an account may use; -1 is no limit. A server's own limits are not told. */
const AccountLimits = z.object({
  max_storage: z.bigint().default(-1n),
  max_streams: z.bigint().default(-1n),
  storage_max_stream_bytes: z.bigint().default(-1n),
  max_bytes_required: z.boolean().default(false),
});
const AccountTier = z.object({
  storage: z.bigint().default(0n),
  streams: z.bigint().default(0n),
  limits: AccountLimits,
});
export type AccountTier = z.infer<typeof AccountTier>;

/** `JSApiAccountInfo` of the server; only what is needed. `tiers`: `R1`, `R3`, where limits are set for each. */
export const AccountInfo = z.object({
  memory: z.bigint(),
  storage: z.bigint(),
  streams: z.bigint(),
  consumers: z.bigint(),
  domain: z.string().optional(),
  limits: AccountLimits.optional(),
  tiers: z.record(z.string(), AccountTier).nullish(),
});
export type AccountInfo = z.infer<typeof AccountInfo>;

/** Throws `jetstream-disabled` when the server or the account has none. */
export async function accountInfo(js: JetStream, { signal, timeoutMs }: Waiting = {}): Promise<AccountInfo> {
  return await js.request("INFO", undefined, { schema: AccountInfo, signal, timeoutMs });
}

/** Every stream's name, in the server's order. */
export async function streamNames(js: JetStream, options: ListOptions = {}): Promise<string[]> {
  return await listPages(js, "STREAM.NAMES", z.string(), options);
}

/** Every stream with configuration and state. One stream in each answer's `missing` is reported, or fails the list. */
export async function listStreams(js: JetStream, options: ListOptions = {}): Promise<StreamInfo[]> {
  return await listPages(js, "STREAM.LIST", StreamInfo, options);
}

/** Every consumer of a stream. Throws `stream-not-found`. */
export async function listConsumers(js: JetStream, stream: string, options: ListOptions = {}): Promise<ConsumerInfo[]> {
  return await listPages(js, `CONSUMER.LIST.${nameToken(stream)}`, ConsumerInfo, options);
}

/**
 * One stream, as its leader sees it. `deletedDetails` adds `state.deleted`: all of them in one answer (0.65 MB for
 * 100,000). Throws `stream-not-found`.
 */
export async function streamInfo(
  js: JetStream,
  stream: string,
  { deletedDetails = false, signal, timeoutMs }: Waiting & { readonly deletedDetails?: boolean } = {},
): Promise<StreamInfo> {
  const body = deletedDetails ? { deleted_details: true } : undefined;
  return await js.request(`STREAM.INFO.${nameToken(stream)}`, body, { schema: StreamInfo, signal, timeoutMs });
}

/** Sets a stream's configuration, which must be whole. Throws `stream-not-found`. */
export async function updateStream(
  js: JetStream,
  config: JsonObject,
  { signal, timeoutMs }: Waiting = {},
): Promise<StreamInfo> {
  const name = nameToken(String(config.name));
  return await js.request(`STREAM.UPDATE.${name}`, config, { schema: StreamInfo, signal, timeoutMs });
}

/** Deletes a stream with its messages and consumers, when no restore runs on the server (`takeTurn`). Throws `stream-not-found`. */
export async function deleteStream(js: JetStream, stream: string, { signal, timeoutMs }: Waiting = {}): Promise<void> {
  using _turn = await takeTurn(js, signal);
  await js.request(`STREAM.DELETE.${nameToken(stream)}`, undefined, { schema: z.looseObject({}), signal, timeoutMs });
}

/** Throws `server-too-old` below 2.10: its archives carry deletes in a form of their own. */
export function checkServerVersion({ serverVersion, serverUrl }: Connection): void {
  if (isVersion(serverVersion, [2, 10, 0])) return;
  throw new Failure("server-too-old", `the server at ${serverUrl} is nats-server ${serverVersion}`);
}

/** Whether `version` (as in `2.12.15` or `2.15.0-preview.1`) is at least `least`. */
export function isVersion(version: string, least: readonly [number, number, number]): boolean {
  const numbers = version.split(/[.-]/, 3).map(Number);
  for (const [at, wanted] of least.entries()) {
    const found = numbers[at] ?? 0;
    if (found !== wanted) return found > wanted;
  }
  return true;
}

const Page = z.object({
  total: z.bigint(),
  offset: z.bigint().default(0n),
  limit: z.bigint(),
  missing: z.array(z.string()).nullish(),
  /** 2.12: names and why the server cannot run them. */
  offline: z.record(z.string(), z.string()).nullish(),
});
type Page = z.infer<typeof Page>;

/** A page holds `limit` names whether or not all of them answered, so the next one starts `limit` later. */
async function listPages<T>(js: JetStream, call: string, item: z.ZodType<T>, options: ListOptions): Promise<T[]> {
  const { signal, timeoutMs } = options;
  const schema = Page.extend({ streams: z.array(item).nullish(), consumers: z.array(item).nullish() });
  const found = new Map<string, T>();
  for (let offset = 0n, isAgain = false; ; ) {
    checkAborted(signal);
    const page = await js.request(call, { offset }, { schema, signal, timeoutMs });
    const items = page.streams ?? page.consumers ?? [];
    for (const one of items) found.set(nameOf(one), one);
    const missing = missingIn(page);
    // right after an election a leader may have missed the question
    if (missing.size > 0 && !isAgain) {
      isAgain = true;
      continue;
    }
    report(call, missing, options);
    isAgain = false;
    offset += page.limit > 0n ? page.limit : BigInt(items.length);
    if (offset >= page.total || page.limit <= 0n) return [...found.values()];
  }
}

/** Streams made meanwhile shift the pages: the same one may come twice. */
function nameOf(item: unknown): string {
  if (typeof item === "string") return item;
  const { name, config } = z
    .object({ name: z.string().optional(), config: z.looseObject({ name: z.string().optional() }) })
    .parse(item);
  return name ?? config.name ?? "";
}

/** Names without an answer, and why where the server says so. */
function missingIn({ missing, offline }: Page): ReadonlyMap<string, string | undefined> {
  return new Map([...(missing ?? []).map((name) => [name, undefined] as const), ...Object.entries(offline ?? {})]);
}

function report(call: string, missing: ReadonlyMap<string, string | undefined>, { onMissing }: ListOptions): void {
  if (missing.size === 0) return;
  const names = [...missing.keys()];
  if (onMissing === undefined) {
    throw new Failure("server-refused", `${call}: the server cannot tell about ${names.join(", ")}`, {
      hint: "their leaders are away or offline: see the cluster's health",
      details: { missing: names },
    });
  }
  for (const [name, reason] of missing) onMissing({ name, reason });
}
