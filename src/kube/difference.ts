/** What of a draft an object lacks, as a JSON merge patch. */
type Fields = Readonly<Record<string, unknown>>;

/**
 * The merge patch that gives `live` what `wanted` says; undefined when it has all of it. Fields that `wanted` does not
 * name are left alone: they are the server's defaults, or somebody else's. null: must not be there. Lists are compared
 * item by item in the same way, and replaced whole.
 */
export function difference(wanted: Fields, live: unknown): Fields | undefined {
  const patch: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(wanted)) {
    const there = isFields(live) ? live[name] : undefined;
    if (holds(there, value)) continue;
    patch[name] = isFields(value) && isFields(there) ? difference(value, there) : value;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Whether `live` has all that `wanted` says. */
export function holds(live: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  if (wanted === null) return live === undefined || live === null;
  if (Array.isArray(wanted)) return holdsItems(live, wanted);
  if (!isFields(wanted)) return live === wanted;
  // An API server drops what is empty: `labels: {}`
  if (live === undefined || live === null) return Object.values(wanted).every((value) => holds(undefined, value));
  return isFields(live) && Object.entries(wanted).every(([name, value]) => holds(live[name], value));
}

function holdsItems(live: unknown, wanted: readonly unknown[]): boolean {
  if (live === undefined || live === null) return wanted.length === 0;
  return Array.isArray(live) && live.length === wanted.length && wanted.every((item, at) => holds(live[at], item));
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
