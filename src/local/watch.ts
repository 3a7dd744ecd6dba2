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

/** A client this far behind what happens is cut off: it comes back and begins where it was. */
const mostUnreadBytes = 16 * 1024 * 1024;

/** How events are written: as objects, tables, or metadata alone. */
export type Render = (entry: Entry) => string;

export interface WatchStream {
  /** What was there before, which may be any amount: the client is given the time to read it. */
  catchUp(seen: Iterable<NonNullable<Seen>>): void;
  send(seen: NonNullable<Seen>): void;
  bookmark(object: JsonObject): void;
  fail(status: JsonObject): void;
}

interface Line {
  readonly write: () => string;
  /** Of what counts when a client is too far behind. */
  readonly bytes: number;
}

/** Lines of JSON to one client, in order, no faster than it reads. */
export function streamTo(outgoing: Outgoing, render: Render): WatchStream {
  const waiting: Line[] = [];
  let waitingBytes = 0;
  const flush = () => {
    let written = 0;
    for (const { write, bytes } of waiting) {
      if (outgoing.writableEnded || outgoing.destroyed || outgoing.writableNeedDrain) break;
      outgoing.write(write());
      waitingBytes -= bytes;
      written++;
    }
    if (written > 0) waiting.splice(0, written);
  };
  const line = (type: string, object: string) => `{"type":"${type}","object":${object}}\n`;
  const eventOf = ({ type, entry }: NonNullable<Seen>) => line(type, render(entry));
  const add = (added: Line) => {
    waiting.push(added);
    waitingBytes += added.bytes;
    flush();
    if (waitingBytes > mostUnreadBytes) outgoing.destroy();
  };
  outgoing.on("drain", flush);
  return {
    catchUp(seen) {
      for (const each of seen) waiting.push({ write: () => eventOf(each), bytes: 0 });
      flush();
    },
    send: (seen) => add({ write: () => eventOf(seen), bytes: seen.entry.text.length }),
    bookmark(object) {
      const text = line("BOOKMARK", JSON.stringify(object));
      add({ write: () => text, bytes: text.length });
    },
    fail: (status) => void outgoing.end(line("ERROR", JSON.stringify(status))),
  };
}
