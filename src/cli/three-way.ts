import { isDeepStrictEqual } from "node:util";
import { holds, isFields } from "../kube/difference.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The JSON merge patch that makes `live` what `wanted` says, and takes away what `last` said and `wanted` does not any more;
 * undefined when there is nothing to do. What neither names is the server's or somebody else's, and stays. Lists are one
 * value: where one differs it is replaced whole.
 */
export function threeWay(last: Fields, wanted: Fields, live: unknown): Fields | undefined {
  const patch: Record<string, unknown> = {};
  const there = isFields(live) ? live : {};
  for (const [name, value] of Object.entries(wanted)) {
    const change = changeOf(last[name], value, there[name]);
    if (change !== undefined) patch[name] = change.to;
  }
  for (const name of Object.keys(last)) {
    if (!Object.hasOwn(wanted, name) && there[name] !== undefined) patch[name] = null;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function changeOf(last: unknown, wanted: unknown, live: unknown): { readonly to: unknown } | undefined {
  if (isNothing(wanted)) return isNothing(live) ? undefined : { to: null };
  if (!isFields(wanted)) return isAsWanted(last, wanted, live) ? undefined : { to: wanted };
  if (!isFields(live)) return holds(live, wanted) ? undefined : { to: wanted };
  const inner = threeWay(isFields(last) ? last : {}, wanted, live);
  return inner === undefined ? undefined : { to: inner };
}

/** Within a list the server fills in what was left out, so it may have more; what was taken out of it is seen by the last text. */
function isAsWanted(last: unknown, wanted: unknown, live: unknown): boolean {
  if (!holds(live, wanted)) return false;
  return last === undefined || isDeepStrictEqual(last, wanted) || isDeepStrictEqual(live, wanted);
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

export const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** What kubectl writes into the annotation for this object, to the letter: names sorted, a line end, HTML's letters escaped. */
export function appliedText(object: Fields): string {
  const { metadata, ...rest } = object;
  const fields = isFields(metadata) ? metadata : {};
  const annotations = Object.entries(isFields(fields["annotations"]) ? fields["annotations"] : {});
  const kept = Object.fromEntries(annotations.filter(([name]) => name !== lastApplied));
  return `${goJson({ ...rest, metadata: { ...fields, annotations: kept } })}\n`;
}

/** As Go's encoding/json writes it. */
function goJson(value: unknown): string {
  return JSON.stringify(sorted(value)).replaceAll(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isFields(value)) return value;
  const names = Object.keys(value).toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]));
}

/** What was applied last, as the annotation has it; nothing when it has none, or none that can be read. */
export function lastOf(annotations: Readonly<Record<string, string>> | null | undefined): Fields {
  try {
    const last: unknown = JSON.parse(annotations?.[lastApplied] ?? "");
    return isFields(last) ? last : {};
  } catch {
    return {};
  }
}
