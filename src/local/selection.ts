import type { Entry } from "./entry.ts";
import { parseLabelSelector } from "./select.ts";
import { parseFieldSelector } from "./select-fields.ts";
import type { ServedResource } from "./served.ts";
import { badRequest } from "./status.ts";

/** Which objects a list, a watch or a deletion of many is about. */
export interface Chosen {
  readonly namespace: string | undefined;
  /** By more than the namespace: how many there are is known once all were looked at. */
  readonly isSelective: boolean;
  readonly matches: (entry: Entry) => boolean;
}

/** Throws Refused when a selector cannot be read. */
export function chosenBy(resource: ServedResource, namespace: string | undefined, query: URLSearchParams): Chosen {
  const selectors = [
    ...byLabels(query.get("labelSelector") ?? ""),
    ...byFields(resource, query.get("fieldSelector") ?? ""),
  ];
  const isHere = (entry: Entry) => namespace === undefined || entry.namespace === namespace;
  const matches = (entry: Entry) => isHere(entry) && selectors.every((selector) => selector(entry));
  return { namespace, isSelective: selectors.length > 0, matches };
}

function byLabels(text: string): readonly ((entry: Entry) => boolean)[] {
  if (text === "") return [];
  const selector = parseLabelSelector(text);
  if (selector.kind === "refused") throw badRequest(selector.message);
  return [(entry) => selector.matches(entry.labelled)];
}

function byFields(resource: ServedResource, text: string): readonly ((entry: Entry) => boolean)[] {
  if (text === "") return [];
  const selector = parseFieldSelector(text, resource);
  if (selector.kind === "refused") throw badRequest(selector.message);
  // names are known without reading the object
  const isByNameOnly = text.split(",").every((term) => /^metadata\.(name|namespace)(=|==|!=)/.test(term));
  if (!isByNameOnly) return [(entry) => selector.matches(entry.parse())];
  return [({ name, namespace }) => selector.matches({ metadata: { name, namespace } })];
}
