import type { Entry } from "./entry.ts";
import { isObject } from "./json.ts";
import type { Objects } from "./objects.ts";
import { type Chosen, chosenBy } from "./selection.ts";
import type { ServedResource } from "./served.ts";
import { badRequest, expired, invalid, listOptions, notVersion, pluralOf } from "./status.ts";

export interface Listing {
  readonly entries: readonly Entry[];
  readonly version: number;
  /** Where the next page begins; undefined on the last. */
  readonly next: string | undefined;
  readonly remaining: number | undefined;
}

/** A list, or the page of it that `limit` and `continue` ask for: all pages as of the first one's version. */
export async function list(
  objects: Objects,
  { resource, namespace }: { readonly resource: ServedResource; readonly namespace: string | undefined },
  query: URLSearchParams,
): Promise<Listing> {
  const chosen = chosenBy(resource, namespace, query);
  const limit = limitOf(query);
  checkVersion(query);
  const text = query.get("continue") ?? "";
  const page = text === "" ? undefined : pageOf(text);
  while (objects.store.isWriting) await objects.store.settled();
  const version = page?.version ?? objects.store.version;
  const all = listAt(objects, { resource, chosen, version: page?.version });
  const matching = all.filter((entry) => chosen.matches(entry));
  const start = page === undefined ? 0 : matching.findIndex(({ key }) => key > page.after);
  const rest = start < 0 ? [] : matching.slice(start);
  if (limit === undefined || rest.length <= limit) {
    return { entries: rest, version, next: undefined, remaining: undefined };
  }
  const entries = rest.slice(0, limit);
  return { entries, version, next: tokenOf(version, entries.at(-1)?.key ?? ""), remaining: rest.length - limit };
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

interface ListAt {
  readonly resource: ServedResource;
  readonly chosen: Chosen;
  readonly version: number | undefined;
}

function listAt({ store }: Objects, { resource, chosen, version }: ListAt): readonly Entry[] {
  const plural = pluralOf(resource);
  if (version === undefined) return store.list(plural, chosen.namespace);
  const found = store.listAt(plural, version);
  if (found !== undefined) return found;
  throw expired(
    "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.",
  );
}

function limitOf(query: URLSearchParams): number | undefined {
  const text = query.get("limit") ?? "";
  if (text === "" || text === "0") return undefined;
  if (!/^-?\d{1,15}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text) < 0 ? undefined : Number(text);
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
