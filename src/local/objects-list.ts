import type { Entry } from "./entry.ts";
import { isObject } from "./json.ts";
import { type Chosen, chosenBy } from "./selection.ts";
import type { ServedResource } from "./served.ts";
import { positionAfter, type Stretch, stretchOf } from "./sorted.ts";
import { badRequest, expired, invalid, listOptions, notVersion, pluralOf } from "./status.ts";
import type { Store } from "./store-writes.ts";

export interface Listed {
  readonly store: Pick<Store, "list" | "listAt" | "version" | "isWriting" | "settled">;
}

export interface Listing {
  readonly entries: readonly Entry[];
  readonly version: number;
  /** Where the next page begins; undefined on the last. */
  readonly next: string | undefined;
  readonly remaining: number | undefined;
}

/**
 * A list, or the page of it that `limit` and `continue` ask for: all pages as of the first one's version. A page looks at its
 * own objects; where selectors choose, up to the first that is left for the next one. As in Kubernetes, it then does not say
 * how many those are.
 */
export async function list(
  { store }: Listed,
  { resource, namespace }: { readonly resource: ServedResource; readonly namespace: string | undefined },
  query: URLSearchParams,
): Promise<Listing> {
  const chosen = chosenBy(resource, namespace, query);
  const limit = limitOf(query);
  checkVersion(query);
  const text = query.get("continue") ?? "";
  const page = text === "" ? undefined : pageOf(text);
  while (store.isWriting) await store.settled();
  const version = page?.version ?? store.version;
  const all = listAt(store, pluralOf(resource), page?.version);
  const { start, end } = stretchOf(all, chosen.namespace);
  const from = page === undefined ? start : Math.max(start, positionAfter(all, page.after));
  const found = firstOf(all, { start: from, end }, { matches: chosen.matches, most: limit + 1 });
  const entries = found.slice(0, limit);
  if (found.length <= limit) return { entries, version, next: undefined, remaining: undefined };
  const next = tokenOf(version, entries.at(-1)?.key ?? "");
  return { entries, version, next, remaining: chosen.isSelective ? undefined : end - from - limit };
}

interface Wanted extends Pick<Chosen, "matches"> {
  readonly most: number;
}

function firstOf(all: readonly Entry[], { start, end }: Stretch, { matches, most }: Wanted): readonly Entry[] {
  const found: Entry[] = [];
  for (let at = start; at < end && found.length < most; at++) {
    const entry = all[at];
    if (entry !== undefined && matches(entry)) found.push(entry);
  }
  return found;
}

/** What lists begin with is always the newest: a version is only looked at. */
function checkVersion(query: URLSearchParams): void {
  const version = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  const forbidden = (why: string) => {
    const message = `Forbidden: resourceVersionMatch ${why}`;
    return invalid(listOptions, "", [{ reason: "FieldValueForbidden", message, field: "resourceVersionMatch" }]);
  };
  if (match !== "" && version === "") throw forbidden("is forbidden unless resourceVersion is provided");
  if (match === "Exact" && version === "0") throw forbidden('"exact" is forbidden for resourceVersion "0"');
  if (!/^\d*$/.test(version)) throw badRequest(notVersion(version));
}

function listAt(store: Listed["store"], plural: string, version: number | undefined): readonly Entry[] {
  const found = version === undefined ? store.list(plural) : store.listAt(plural, version);
  if (found !== undefined) return found;
  throw expired(
    "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.",
  );
}

function limitOf(query: URLSearchParams): number {
  const text = query.get("limit") ?? "";
  if (text === "" || text === "0") return Number.POSITIVE_INFINITY;
  if (!/^-?\d{1,15}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text) < 0 ? Number.POSITIVE_INFINITY : Number(text);
}

interface Page {
  readonly version: number;
  readonly after: string;
}

function tokenOf(version: number, after: string): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: version, start: after })).toString("base64url");
}

function pageOf(token: string): Page {
  try {
    const read: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (isObject(read as never)) {
      const { rv, start } = read as { readonly rv?: unknown; readonly start?: unknown };
      if (typeof rv === "number" && typeof start === "string") return { version: rv, after: start };
    }
  } catch {
    // said below
  }
  throw badRequest("continue key is not valid");
}
