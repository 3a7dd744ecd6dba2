import type { Change } from "./entry.ts";
import type { Outgoing } from "./https.ts";
import type { JsonObject } from "./json.ts";
import { chosenBy } from "./selection.ts";
import { groupVersionOf, type ServedResource } from "./served.ts";
import { badRequest, type Cause, expired, invalid, listOptions, notVersion, pluralOf } from "./status.ts";
import type { Store } from "./store-writes.ts";
import { type Render, seenBy, streamTo, type WatchStream } from "./watch.ts";

export interface WatchRequest {
  readonly resource: ServedResource;
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
  readonly render: Render;
  /** Ends it, with the server. */
  readonly signal: AbortSignal;
}

/** Clients give up a watch that is silent for a minute or so. */
const bookmarkMs = 30_000;
const usualSeconds = 1800;
/** A timer takes no more than 24 days. */
const mostSeconds = 2_000_000;

/** Answers with changes until the client, the time or the server ends it. Throws Refused before the first byte. */
export async function watch(store: Store, outgoing: Outgoing, request: WatchRequest): Promise<void> {
  const { resource, query, render } = request;
  if (query.has("sendInitialEvents")) throw invalid(listOptions, "", [initialEventsForbidden]);
  const chosen = chosenBy(resource, request.namespace, query);
  const from = versionOf(query);
  while (store.isWriting) await store.settled();
  outgoing.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
  outgoing.flushHeaders();
  const stream = streamTo(outgoing, render);
  const plural = pluralOf(resource);
  const seen = (change: Change) => {
    const one = change.after.resource === plural ? seenBy(chosen, change) : undefined;
    return one === undefined ? [] : [one];
  };
  if (from === 0) {
    const there = store.list(plural, chosen.namespace).filter((entry) => chosen.matches(entry));
    stream.catchUp(there.map((entry) => ({ type: "ADDED", entry })));
  } else {
    const missed = from > store.version ? undefined : store.changesSince(plural, from);
    if (missed === undefined) {
      return stream.fail(expired(`too old resource version: ${from} (${store.version})`).body);
    }
    stream.catchUp(missed.flatMap(seen));
  }
  const tell = (changes: readonly Change[]) => {
    for (const each of changes.flatMap(seen)) stream.send(each);
  };
  await untilEnd(store, outgoing, { ...request, stream, tell });
}

interface Ongoing extends WatchRequest {
  readonly stream: WatchStream;
  readonly tell: (changes: readonly Change[]) => void;
}

async function untilEnd(store: Store, outgoing: Outgoing, ongoing: Ongoing): Promise<void> {
  const { query, resource, signal, stream, tell } = ongoing;
  const bookmark = () => stream.bookmark(bookmarkOf(resource, store.version));
  const bookmarks = isTrue(query.get("allowWatchBookmarks")) ? setInterval(bookmark, bookmarkMs) : undefined;
  const end = () => outgoing.end();
  const timer = setTimeout(end, secondsOf(query) * 1000);
  const stop = store.listen(tell);
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  if (!outgoing.closed) await new Promise((resolve) => outgoing.once("close", resolve));
  stop();
  clearTimeout(timer);
  clearInterval(bookmarks);
  signal.removeEventListener("abort", end);
}

function bookmarkOf(resource: ServedResource, version: number): JsonObject {
  const metadata = { resourceVersion: String(version) };
  return { kind: resource.kind, apiVersion: groupVersionOf(resource), metadata };
}

export function isTrue(text: string | null): boolean {
  return text === "true" || text === "1";
}

/** 0: whatever there is. */
function versionOf(query: URLSearchParams): number {
  const text = query.get("resourceVersion") ?? "";
  if (text === "") return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw badRequest(notVersion(text));
}

function secondsOf(query: URLSearchParams): number {
  const text = query.get("timeoutSeconds") ?? "";
  const seconds = /^\d+$/.test(text) ? Number(text) : 0;
  return seconds === 0 ? usualSeconds * (1 + Math.random()) : Math.min(seconds, mostSeconds);
}

const initialEventsForbidden: Cause = {
  reason: "FieldValueForbidden",
  message: "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
  field: "sendInitialEvents",
};
