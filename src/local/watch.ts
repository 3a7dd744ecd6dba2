import { type Change, Entry } from "./entry.ts";
import type { Outgoing } from "./https.ts";
import type { JsonObject } from "./json.ts";
import { textOf } from "./objects.ts";
import type { Chosen } from "./selection.ts";

/** An event as a watcher that has chosen some objects sees it. */
export type Seen = { readonly type: Change["type"]; readonly entry: Entry } | undefined;

/** What a change is to whoever sees the chosen objects only: one that is no longer chosen is gone for them. */
export function seenBy({ matches }: Pick<Chosen, "matches">, { type, before, after }: Change): Seen {
  const isIn = matches(after);
  const wasIn = before !== undefined && matches(before);
  if (type === "DELETED") return isIn || wasIn ? { type, entry: after } : undefined;
  // one from before a restart, of which nobody knows what it was
  const wasUnknown = type === "MODIFIED" && before === undefined;
  if (isIn) return { type: wasIn || wasUnknown ? "MODIFIED" : "ADDED", entry: after };
  if (wasUnknown) return { type: "DELETED", entry: after };
  return wasIn ? { type: "DELETED", entry: asOf(before, after.version) } : undefined;
}

/** The last state that was chosen, with the version of the change that took it away. */
function asOf(before: Entry, version: number): Entry {
  return new Entry(before, version, textOf(before.parse(), version));
}

/** A client this far behind is cut off: it comes back and begins where it was. */
const mostUnreadBytes = 16 * 1024 * 1024;

/** How events are written: as objects, tables, or metadata alone. */
export type Render = (entry: Entry) => string;

export interface WatchStream {
  send(type: Change["type"], entry: Entry): void;
  bookmark(object: JsonObject): void;
  fail(status: JsonObject): void;
}

/** Lines of JSON to one client. */
export function streamTo(outgoing: Outgoing, render: Render): WatchStream {
  const line = (type: string, object: string) => {
    if (outgoing.writableEnded || outgoing.destroyed) return;
    outgoing.write(`{"type":"${type}","object":${object}}\n`);
    if (outgoing.writableLength > mostUnreadBytes) outgoing.destroy();
  };
  return {
    send: (type, entry) => line(type, render(entry)),
    bookmark: (object) => line("BOOKMARK", JSON.stringify(object)),
    fail(status) {
      line("ERROR", JSON.stringify(status));
      outgoing.end();
    },
  };
}
