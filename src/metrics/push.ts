import { Failure } from "../kit/failures.ts";
import { bracketed, type Hosts } from "../kit/hosts.ts";
import { exposition, expositionType } from "./exposition.ts";
import type { Series } from "./table.ts";

/** A Pushgateway, and the group in it. */
export interface PushGroup {
  /** For example http://stash.stash.svc:56789; a user and a password in it are sent, and never shown. */
  readonly url: string;
  /** See `pushJob`. */
  readonly job: string;
}

export interface Push extends PushGroup {
  readonly series: readonly Series[];
  /** POST replaces the series of the names that are pushed, PUT the whole group. */
  readonly method: "POST" | "PUT";
}

export interface PushOptions {
  readonly signal: AbortSignal;
  /** Where the host of an http:// address is reached from this machine. */
  readonly hosts?: Hosts | undefined;
  /** Of each of the two tries. 5 seconds unless given. */
  readonly timeoutMs?: number;
}

/** `reason`: a sentence without a full stop. */
export type Pushed = { readonly pushed: true } | { readonly pushed: false; readonly reason: string };
export type Deleted = { readonly deleted: true } | { readonly deleted: false; readonly reason: string };

const usualTimeoutMs = 5000;
const tries = 2;

/** Figures that do not arrive are a pity, not an error: only an abort throws. */
export async function pushMetrics(push: Push, options: PushOptions): Promise<Pushed> {
  if (push.series.length === 0) return { pushed: true };
  const request = { method: push.method, body: exposition(push.series), headers: { "content-type": expositionType } };
  const reason = await send(push, request, options);
  return reason === undefined ? { pushed: true } : { pushed: false, reason };
}

/** Takes all figures of a group away, as when its invoker is gone. One that is not there is away already. */
export async function deleteGroup(group: PushGroup, options: PushOptions): Promise<Deleted> {
  const reason = await send(group, { method: "DELETE" }, options);
  return reason === undefined ? { deleted: true } : { deleted: false, reason };
}

/** undefined: it arrived. A refusal is not tried again. */
async function send(group: PushGroup, request: RequestInit, options: PushOptions): Promise<string | undefined> {
  const { signal } = options;
  const target = targetOf(group, options.hosts);
  if (target === undefined) return `the address of the Pushgateway is none: ${JSON.stringify(withoutUser(group.url))}`;
  let reason = "";
  for (let attempt = 0; attempt < tries; attempt++) {
    throwIfAborted(signal);
    const answer = await ask(target, request, options);
    throwIfAborted(signal);
    if (answer.arrived) return undefined;
    reason = `the Pushgateway at ${target.shown} ${answer.reason}`;
    if (answer.isFinal) break;
  }
  return reason;
}

interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The address without user and password. */
  readonly shown: string;
}

function targetOf({ url: text, job }: PushGroup, hosts: Hosts | undefined): Target | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  const { username, password } = url;
  url.username = "";
  url.password = "";
  const shown = url.host;
  const place = url.protocol === "http:" ? hosts?.lookup(url.hostname, Number(url.port || 80)) : undefined;
  if (place !== undefined) {
    url.hostname = bracketed(place.address);
    url.port = String(place.port);
  }
  url.pathname = `${url.pathname.replace(/\/$/, "")}/metrics/job/${encodeURIComponent(job)}`;
  const credentials = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64");
  return { url: url.href, shown, headers: username === "" ? {} : { authorization: `Basic ${credentials}` } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

type Answer =
  | { readonly arrived: true }
  | { readonly arrived: false; readonly reason: string; readonly isFinal: boolean };

async function ask({ url, headers }: Target, request: RequestInit, options: PushOptions): Promise<Answer> {
  const { signal, timeoutMs = usualTimeoutMs } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      ...request,
      headers: { ...headers, ...request.headers },
      signal: AbortSignal.any([signal, timeout]),
      redirect: "error",
    });
    const text = await response.text();
    if (response.ok) return { arrived: true };
    const said = text.replaceAll(/\s+/g, " ").trim().slice(0, 300);
    const reason = `answered ${response.status}${said === "" ? "" : `: ${said}`}`;
    return { arrived: false, reason, isFinal: response.status < 500 && response.status !== 429 };
  } catch (error) {
    const reason = timeout.aborted ? `did not answer within ${timeoutMs / 1000} s` : `was not reached: ${why(error)}`;
    return { arrived: false, reason, isFinal: false };
  }
}

/** fetch says no more than that it failed; the cause says why. */
function why(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  return cause.message === "" ? code : cause.message;
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw Failure.is(signal.reason) ? signal.reason : new Failure("interrupted", "interrupted", { cause: signal.reason });
}

function withoutUser(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//");
}
