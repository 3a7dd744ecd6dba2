import type { Entry } from "./entry.ts";
import type { JsonObject } from "./json.ts";
import type { Listing } from "./objects-list.ts";
import { groupVersionOf, type ServedResource } from "./served.ts";
import { metadataOnly, type TableOptions, tableOf } from "./table.ts";

/** How objects are shown: whole, as a table's rows, or their metadata alone. */
export type Format = "whole" | "table" | "metadata";

/** What of the header Accept can be given; JSON where it names nothing that can. */
export function formatOf(accept: string | undefined): Format {
  for (const each of (accept ?? "").split(",")) {
    const [type, ...parameters] = each.split(";").map((part) => part.trim());
    if (type !== "application/json" && type !== "application/*" && type !== "*/*") continue;
    const as = parameters.find((parameter) => parameter.startsWith("as="))?.slice(3);
    const isVersion1 = parameters.includes("v=v1") && parameters.includes("g=meta.k8s.io");
    if (as === undefined) return "whole";
    if (as === "Table" && isVersion1) return "table";
    if (as.startsWith("PartialObjectMetadata") && isVersion1) return "metadata";
  }
  return "whole";
}

export function listMetadata({ version, next, remaining }: Listing): JsonObject {
  return {
    resourceVersion: String(version),
    ...(next === undefined ? {} : { continue: next }),
    ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
  };
}

/** So many characters at a time, or one object. */
const pieceLength = 64 * 1024;

/** JSON in pieces: all of 10,000 objects in one would be in memory twice. */
export function* listPieces(
  resource: ServedResource,
  listing: Listing,
  format: "whole" | "metadata",
): Generator<string, void, undefined> {
  const metadata = listMetadata(listing);
  const isWhole = format === "whole";
  const head = isWhole
    ? { kind: `${resource.kind}List`, apiVersion: groupVersionOf(resource), metadata }
    : { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1", metadata };
  let piece = `${JSON.stringify(head).slice(0, -1)},"items":[`;
  let separator = "";
  for (const entry of listing.entries) {
    piece += separator + (isWhole ? entry.text : metadataText(entry));
    separator = ",";
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = "";
  }
  yield `${piece}]}`;
}

const rowsAtATime = 200;

/** As `listPieces`, for a table. */
export function* tablePieces(
  resource: ServedResource,
  listing: Listing,
  options: TableOptions,
): Generator<string, void, undefined> {
  const { rows: _, ...head } = tableOf(resource, [], { ...options, metadata: listMetadata(listing) });
  yield `${JSON.stringify(head).slice(0, -1)},"rows":[`;
  for (let start = 0; start < listing.entries.length; start += rowsAtATime) {
    const some = listing.entries.slice(start, start + rowsAtATime).map((entry) => entry.parse());
    const { rows = [] } = tableOf(resource, some, options);
    yield `${start === 0 ? "" : ","}${JSON.stringify(rows).slice(1, -1)}`;
  }
  yield "]}";
}

export function metadataText(entry: Entry): string {
  return JSON.stringify(metadataOnly(entry.parse()));
}
