/**
 * Strict mode: servers from 2.12 on refuse request bodies with fields they do not know, and name one field at a time
 * without its place.
 */
const refused = { errorCode: 10025, text: /unknown field "((?:[^"\\]|\\.)*)"/ };

/** Maps whose keys are the user's: an unknown field's name in there is none. */
const userMaps: ReadonlySet<string> = new Set(["metadata"]);

/** The field the server complains about, if this is such an answer. */
export function unknownField(error: { readonly errorCode: number; readonly description: string }): string | undefined {
  if (error.errorCode !== refused.errorCode) return undefined;
  return refused.text.exec(error.description)?.[1];
}

/** A copy of `body` without `field` in the innermost objects that hold it; undefined when none does. */
export function dropField(body: unknown, field: string): unknown {
  const depth = depthOf(body, field, 0);
  return depth === undefined ? undefined : without(body, field, depth);
}

/** How deep the innermost object with `field` is. */
function depthOf(value: unknown, field: string, depth: number): number | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const inner = Object.entries(value)
    .filter(([key]) => !userMaps.has(key))
    .map(([, item]) => depthOf(item, field, depth + 1))
    .filter((found) => found !== undefined);
  if (inner.length > 0) return Math.max(...inner);
  return !Array.isArray(value) && Object.hasOwn(value, field) ? depth : undefined;
}

function without(value: unknown, field: string, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => without(item, field, depth - 1));
  const kept = Object.entries(value).filter(([key]) => depth !== 0 || key !== field);
  return Object.fromEntries(
    kept.map(([key, item]) => [key, userMaps.has(key) ? item : without(item, field, depth - 1)]),
  );
}
